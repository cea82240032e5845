import { CliError, EXIT } from '../errors.js';
import type { Settings, Sourced } from '../config/settings.js';
import type { Finding } from '../operations/tables/doctor.js';
import type { CommandDefinition, Outcome } from './definition.js';
import type { CommandSession } from './session.js';
import { FIND, LIST_BACKUPS, OBSERVE, optional } from './permissions.js';

const sourced = ({ value, source }: Sourced<string | null>, absent: string): string => `${value ?? absent} (${source})`;

function settingFindings(settings: Settings, good: (check: string, detail: string) => Finding): readonly Finding[] {
  const { region, profile, endpoint, streamsEndpoint, localFile, layout, environment, configFile } = settings;
  const isLocal = localFile.value !== null;
  const tables = [...Object.values(settings.tables.flags), ...Object.values(settings.tables.file)]
    .filter((table) => table !== undefined)
    .map(({ name, source }) => `${name} (${source})`);
  return [
    good('configuration file', configFile ?? 'none'),
    good('region', sourced(region, isLocal || endpoint.value !== null ? 'us-east-1' : "the profile's")),
    ...(isLocal ? [] : [good('profile', sourced(profile, "the SDK's own chain"))]),
    good('target', isLocal ? `embedded engine, ${sourced(localFile, '')}` : sourced(endpoint, 'AWS')),
    ...(streamsEndpoint.value === null ? [] : [good('streams', sourced(streamsEndpoint, ''))]),
    good('layout asked for', sourced(layout, 'what the tables are found to be')),
    ...(tables.length > 0 ? [good('tables asked for', tables.join(', '))] : []),
    good('environment', sourced(environment, '')),
  ];
}

const MINIMUM_NODE = [20, 19] as const;

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const ok = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  return { check: 'node', ok, detail: version, cure: ok ? null : 'install Node.js 20.19, 22 or 24' };
}

async function run(session: CommandSession): Promise<Outcome> {
  const [operations, { doctorView }] = await Promise.all([
    import('../operations/tables/doctor.js'),
    import('./doctor-view.js'),
  ]);
  const { good, failed } = operations;
  const findings: Finding[] = [nodeFinding(process.version)];
  try {
    const settings = await session.settings();
    findings.push(...settingFindings(settings, good));
    if (settings.localFile.value !== null)
      findings.push(...(await operations.checkEngine(settings.localFile.value, session.runtime.env)));
    const context = await session.context();
    if (context.dynamo.isAws) findings.push(await operations.checkIdentity(context));
    const endpoint = await operations.checkEndpoint(context);
    findings.push(endpoint);
    if (endpoint.ok) {
      const request = { overrides: { environment: settings.environment.value }, prune: false };
      findings.push(...(await operations.checkTables(context, await session.target(), request)));
    }
  } catch (error) {
    findings.push(failed(error instanceof CliError ? checkOf(error) : 'doctor', error));
  }
  return {
    view: doctorView(findings, session.advise),
    exitCode: findings.every(({ ok }) => ok) ? EXIT.done : EXIT.found,
  };
}

/** What a failure before the first look was about. */
function checkOf({ code }: CliError): string {
  const [subject = 'doctor'] = code.toLowerCase().split('_');
  return subject;
}

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  group: 'tools',
  summary: 'check settings, credentials, permissions, tables and TTL values; each finding with its cure',
  declare: (command) => {
    command.description(
      'Checks everything that a command relies on: settings and where each came from, engine, credentials, ' +
        'region, endpoint, permissions, tables, schema, TTL values. Changes nothing. Exits 3 when there is a finding.',
    );
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    { on: 'table', actions: ['dynamodb:Scan'] },
    ...optional(LIST_BACKUPS, [{ on: 'any', actions: ['dynamodb:ListTables'] }]),
  ],
  examples: [
    { command: 'mcp-sessions doctor', does: 'why does it not work?' },
    { command: "mcp-sessions doctor --json | jq '.findings[] | select(.ok | not)'", does: 'just what is wrong' },
  ],
  run: (session) => run(session),
};
