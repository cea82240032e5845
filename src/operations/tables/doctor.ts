import { ifOffered, observeStructure, observeTable } from '../../dynamodb/describe.js';
import { samplePage } from '../../dynamodb/items.js';
import { newestBackup } from '../../dynamodb/backups.js';
import { listTables } from '../../dynamodb/tables.js';
import { CliError } from '../../errors.js';
import { engineStatus, findEngine } from '../../local/index.js';
import {
  type Item,
  type Layout,
  matchesFilter,
  type ObservedTable,
  type TableName,
  ttlFault,
} from '../../schema/index.js';
import type { OperationContext } from '../context.js';
import { hasDrift, planSetup, type SetupRequest } from '../setup/setup.js';
import { sampleItems, type Target } from '../target.js';
import { goOnWith, type RecordFileOf, unfinishedRecord, unfinishedText } from './unfinished.js';

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly cure: string | null;
}

export const good = (check: string, detail: string): Finding => ({ check, ok: true, detail, cure: null });

/** A failure as a finding; a bug is no finding and goes through. */
export function failed(check: string, error: unknown): Finding {
  if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
  return { check, ok: false, detail: error.message, cure: error.hint ?? null };
}

async function finding(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return good(check, await look());
  } catch (error) {
    return failed(check, error);
  }
}

/** Whether anything answers, and takes the credentials. ListTables may be denied although the tables may be used. */
export async function checkEndpoint(context: OperationContext): Promise<Finding> {
  const { dynamo } = context;
  const where = dynamo.endpoint ?? `DynamoDB in ${dynamo.region}`;
  const listing = await finding('endpoint', async () => {
    await listTables(dynamo, 1);
    return `${where} answers`;
  });
  return listing.ok || !listing.detail.startsWith('access denied')
    ? listing
    : good('endpoint', `${where} answers (listing tables is not allowed, nor is it needed)`);
}

/** Tables, what an interrupted teardown left, permissions, drift and TTL values; each look fails by itself. Changes nothing. */
export async function checkTables(
  context: OperationContext,
  target: Target,
  request: SetupRequest,
  recordFileOf: RecordFileOf | null = null,
): Promise<readonly Finding[]> {
  const findings = [
    good('layout', `${target.layout.id} (${describeSource(target)})`),
    ...(await Promise.all(target.names.map((name) => checkTable(context, name, recordFileOf)))).flat(),
  ];
  if (findings.some(({ ok }) => !ok)) return findings;
  const ttl = await Promise.all(target.names.map((name) => checkTtlValues(context, target, name)));
  findings.push(await checkDrift(context, target, request), ...ttl);
  return findings;
}

function describeSource({ layoutSource, detection }: Target): string {
  if (layoutSource === 'given') return 'as named';
  if (layoutSource === 'default') return 'the default';
  return `detected, ${detection?.confidence ?? 'certain'}: ${detection?.why.join(', ') ?? ''}`;
}

async function checkTable(
  context: OperationContext,
  { name, role }: TableName,
  recordFileOf: RecordFileOf | null,
): Promise<readonly Finding[]> {
  const check = `${role} table`;
  const { dynamo } = context;
  const table = await finding(check, async () => {
    const observed = await observeTable(dynamo, name);
    const unfinished = await unfinishedRecord(context, name, recordFileOf);
    if (unfinished !== null)
      throw new CliError('TABLE_BLOCKED', `table '${name}': ${unfinishedText(observed !== null, unfinished)}`, {
        hint: goOnWith(role),
      });
    if (observed === null)
      throw new CliError('TABLE_NOT_FOUND', `table '${name}' does not exist`, { hint: 'run `mcp-sessions setup`' });
    if (observed.status !== 'ACTIVE')
      throw new CliError('TABLE_BUSY', `table '${name}' is ${observed.status}`, {
        hint: 'wait until it is ACTIVE; `mcp-sessions status` shows it',
      });
    return `'${name}' is ACTIVE`;
  });
  if (!table.ok) return [table];
  const permissions = await Promise.all([
    finding(`${role} permissions`, async () => {
      await sampleItems(context, name);
      return 'may describe and scan';
    }),
    finding(`${role} backups`, async () =>
      (await newestBackup(dynamo, name)) === undefined
        ? 'the endpoint has no backups, or listing them is not allowed'
        : 'backups may be listed',
    ),
  ]);
  return [table, ...permissions];
}

async function checkDrift(context: OperationContext, target: Target, request: SetupRequest): Promise<Finding> {
  return finding('schema', async () => {
    const plan = await planSetup(context, target, request);
    if (!hasDrift(plan)) return 'the tables are as the layout says';
    const drift = plan.tables.flatMap(({ name, changes }) =>
      changes.filter(({ kind }) => kind !== 'unsupported').map(({ property }) => `${name}: ${property}`),
    );
    throw new CliError('TABLE_BLOCKED', `the tables differ from the layout: ${drift.join('; ')}`, {
      hint: '`mcp-sessions setup --check` shows how, `mcp-sessions setup` mends it',
    });
  });
}

/** Whether TTL is on, and whether the values in a sample can ever fire: DynamoDB wants a number of epoch seconds. */
async function checkTtlValues(context: OperationContext, target: Target, { name, role }: TableName): Promise<Finding> {
  return finding(`${role} TTL values`, async () => {
    const table = await ifOffered(observeStructure(context.dynamo, name));
    const attribute = table?.ttl.attribute ?? null;
    if (table === null || attribute === null || table.ttl.status === 'DISABLED')
      return `TTL is off on '${name}': expired rows stay until they are purged`;
    const filter = role === 'sessions' ? target.layout.session.filter : [];
    const items = (await sampleWidely(context, table)).filter((item) => matchesFilter(item, filter));
    const problems = items.flatMap((item) => {
      const fault = ttlFault(item[attribute], context.now());
      return fault === undefined ? [] : [`${attribute} ${fault.reason}`];
    });
    const looked = `${items.length} of about ${Math.max(items.length, table.itemCount)} rows`;
    if (problems.length === 0)
      return items.length === 0 ? 'no rows to look at' : `the values work in ${looked} that were looked at`;
    throw new CliError(
      'REQUEST_INVALID',
      `${problems.length} of ${items.length} rows looked at in '${name}' never expire: ${problems[0] ?? ''}`,
      {
        hint: `let the application write '${attribute}' as a number of epoch seconds (${expiryAdvice(target.layout)})`,
      },
    );
  });
}

/** Places in the table, and items at each: rows of one time, or of one writer, may well lie side by side. */
const SAMPLE_PLACES = 8;
const SAMPLE_AT_EACH = 50;

async function sampleWidely(
  context: OperationContext,
  { name }: Pick<ObservedTable, 'name'>,
): Promise<readonly Item[]> {
  const segments = Array.from({ length: SAMPLE_PLACES }, (_, segment) => ({ segment, of: SAMPLE_PLACES }));
  const samples = await Promise.all(segments.map((place) => samplePage(context.dynamo, name, SAMPLE_AT_EACH, place)));
  return samples.flat();
}

const expiryAdvice = ({ lifetimeSeconds }: Layout): string => `now + ${lifetimeSeconds}`;

/** Who the credentials belong to, as AWS says (STS GetCallerIdentity needs no permission). */
export async function checkIdentity({ dynamo }: OperationContext): Promise<Finding> {
  return finding('credentials', async () => {
    const { callerIdentity } = await import('../../dynamodb/identity.js');
    return callerIdentity(dynamo);
  });
}

/** The embedded engine's program, and who uses its data now. */
export async function checkEngine(
  dataFile: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const program = await finding('engine', async () => {
    const { kind, version, command } = await findEngine({ ...env });
    return `${kind} ${version} (${command})`;
  });
  const users = await finding('engine users', async () => {
    const state = await engineStatus({ dataFile, env: { ...env } });
    const labels = state?.leases.map(({ label, pid }) => `${label} (pid ${pid})`) ?? [];
    return state === null ? 'nobody uses the data now' : `running at ${state.endpoint} for ${labels.join(', ')}`;
  });
  return [program, users];
}
