import type { Environment, Settings, Sourced } from '../config/settings.js';
import { CliError, EXIT } from '../errors.js';
import {
  checkEndpoint,
  checkEngine,
  checkIdentity,
  checkTables,
  failed,
  type Finding,
  good,
} from '../operations/tables/doctor.js';
import { DEFAULT_LAYOUT, type TableName, tableNames } from '../schema/index.js';
import type { Outcome } from './definition.js';
import { withBrokenCommands } from './denied.js';
import { doctorView } from './doctor-view.js';
import { recordFiles } from './record-files.js';
import type { CommandSession } from './session.js';

const sourced = ({ value, source }: Sourced<string | null>, absent: string): string => `${value ?? absent} (${source})`;

const askedFor = ({ role, name, source }: TableName): Finding => good(`${role} table asked for`, `${name} (${source})`);

/** What a table is called follows from the layout; of one that is still to be found out, the sessions table's name is known. */
function tableFindings({ layout, layouts, tables, suffix }: Settings, env: Environment): readonly Finding[] {
  const named = layouts.find(({ id }) => id === layout.value);
  return tableNames(named ?? DEFAULT_LAYOUT, tables, env, suffix.value)
    .filter(({ role }) => named !== undefined || role === 'sessions')
    .map(askedFor);
}

function settingFindings(settings: Settings, env: Environment): readonly Finding[] {
  const { region, profile, endpoint, streamsEndpoint, cloudWatchEndpoint, localFile, layout, suffix, environment } =
    settings;
  const isLocal = localFile.value !== null;
  const regionWithout = isLocal
    ? 'us-east-1'
    : endpoint.value === null
      ? "the profile's"
      : "the profile's, else us-east-1";
  const isRuledOut = !isLocal && localFile.source !== 'default';
  return [
    good('configuration file', settings.configFile ?? 'none'),
    good('region', sourced(region, regionWithout)),
    ...(isLocal ? [] : [good('profile', sourced(profile, "the SDK's own chain"))]),
    good('target', isLocal ? `embedded engine, ${sourced(localFile, '')}` : sourced(endpoint, 'AWS')),
    ...(isRuledOut ? [good('embedded engine', `not to be used (${localFile.source})`)] : []),
    ...(streamsEndpoint.value === null ? [] : [good('streams', sourced(streamsEndpoint, ''))]),
    ...(cloudWatchEndpoint.value === null ? [] : [good('CloudWatch', sourced(cloudWatchEndpoint, ''))]),
    good('layout asked for', sourced(layout, 'what the tables are found to be')),
    ...tableFindings(settings, env),
    ...(suffix.value === null ? [] : [good('suffix', sourced(suffix, ''))]),
    good('environment', sourced(environment, '')),
  ];
}

const MINIMUM_NODE = [20, 19] as const;

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const ok = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  return { check: 'node', ok, detail: version, cure: ok ? null : 'install Node.js 20.19, 22 or 24' };
}

export async function runDoctor(session: CommandSession): Promise<Outcome> {
  const findings: Finding[] = [nodeFinding(process.version)];
  try {
    const settings = await session.settings();
    findings.push(...settingFindings(settings, session.runtime.env));
    if (settings.localFile.value !== null)
      findings.push(...(await checkEngine(settings.localFile.value, session.runtime.env)));
    const context = await session.context();
    if (settings.region.value === null && settings.localFile.value === null)
      findings.push(good('region in use', context.dynamo.region));
    if (context.dynamo.isAws) findings.push(await checkIdentity(context));
    const endpoint = await checkEndpoint(context);
    findings.push(endpoint);
    if (endpoint.ok) {
      const request = { overrides: { environment: settings.environment.value }, prune: false };
      const target = await session.target();
      const others = target.names.filter(({ role }) => role !== 'sessions');
      if (settings.layout.value === null) findings.push(...others.map(askedFor));
      findings.push(...(await checkTables(context, target, request, await recordFiles(session))));
    }
  } catch (error) {
    findings.push(failed(error instanceof CliError ? checkOf(error) : 'doctor', error));
  }
  return {
    view: doctorView(findings.map(withBrokenCommands), session.advise),
    exitCode: findings.every(({ ok }) => ok) ? EXIT.done : EXIT.found,
  };
}

/** What a failure before the first look was about. */
function checkOf({ code }: CliError): string {
  const [subject = 'doctor'] = code.toLowerCase().split('_');
  return subject;
}
