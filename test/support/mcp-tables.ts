import type { EngineInFile } from './engine.js';
import { at, runCommand } from './run-command.js';

/** What the tests take for now. */
export const NOW = Date.parse('2026-11-20T12:00:00.000Z');
const MINUTE = 60_000;

export const IDS = {
  active: '01a1f8d6eb41708d98f53a7d94186ed5',
  expired: '01a1f20b3ed377eda780800ebac6eda3',
  terminated: '01a1f8cbdb8975d8a8429381364629b7',
  incomplete: '01a1f8ca3a7273eab83072b7e88dc461',
} as const;

export const SECRETS = ['tok_345ed2b842c54e36', 'hunter2', 'sess-cookie-value', 'evt_9c0cad02a66ebb69'] as const;

interface Times {
  readonly created: number;
  readonly active: number;
  readonly expires: number;
}

const number = (value: number): { N: string } => ({ N: String(value) });
const json = (value: unknown): { S: string } => ({ S: JSON.stringify(value) });

/** An item of the layout mcp; times in minutes from now. */
export function mcpItem(id: string, { created, active, expires }: Times, state: object = {}): Record<string, object> {
  return {
    session_id: { S: id },
    created_at: number(NOW + created * MINUTE),
    last_activity: number(NOW + active * MINUTE),
    ttl: number(Math.floor((NOW + expires * MINUTE) / 1000)),
    is_initialized: { BOOL: true },
    state: json(state),
    metadata: json({ client: 'vscode', cookie: SECRETS[2] }),
    client_capabilities: json({ sampling: {} }),
    server_capabilities: json({ logging: {} }),
  };
}

function mcpEvent(id: string, event: number, minutes: number): Record<string, object> {
  return {
    session_id: { S: id },
    event_id: number(event),
    timestamp: number(NOW + minutes * MINUTE),
    event_type: { S: 'message' },
    data: json({ method: 'ping', accessToken: SECRETS[3] }),
    ttl: number(Math.floor(NOW / 1000) + 1800),
  };
}

/** Sets the default tables up in an engine. */
export async function setUpTables(engine: EngineInFile): Promise<void> {
  const { code, stderr } = await runCommand(['setup', '--yes', '--quiet', ...at(engine.endpoint)]);
  if (code !== 0) throw new Error(`setup ended with ${code}: ${stderr}`);
}

/** One session of each state, and two events of the active one. */
export async function fillTables({ raw }: EngineInFile): Promise<void> {
  const { terminated, ...whole } = {
    active: mcpItem(
      IDS.active,
      { created: -20, active: -5, expires: 25 },
      { apiToken: SECRETS[0], password: SECRETS[1] },
    ),
    expired: mcpItem(IDS.expired, { created: -300, active: -240, expires: -210 }),
    terminated: mcpItem(IDS.terminated, { created: -60, active: -10, expires: 20 }, { terminated: true }),
  };
  const { created_at: _, ...incomplete } = mcpItem(IDS.incomplete, { created: -50, active: -15, expires: 15 });
  for (const Item of [...Object.values(whole), terminated, incomplete])
    await raw.call('PutItem', { TableName: 'mcp-sessions', Item });
  for (const Item of [mcpEvent(IDS.active, 1, -15), mcpEvent(IDS.active, 2, -5)])
    await raw.call('PutItem', { TableName: 'mcp-session-events', Item });
}

/** Takes every table away, protected ones too. */
export async function dropTables({ raw }: EngineInFile): Promise<void> {
  const { TableNames = [] } = await raw.call('ListTables');
  for (const TableName of TableNames) {
    const { Table } = await raw.call('DescribeTable', { TableName });
    if (Table?.DeletionProtectionEnabled === true)
      await raw.call('UpdateTable', { TableName, DeletionProtectionEnabled: false });
    await raw.call('DeleteTable', { TableName });
  }
}
