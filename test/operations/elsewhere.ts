import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DeleteAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { type ConnectOptions, PLACEHOLDER_CREDENTIALS } from '../../src/dynamodb/client.js';
import type { OperationContext } from '../../src/operations/context.js';
import { type RawClient, rawClient } from '../support/engine.js';
import { startMoto } from '../support/moto.js';
import { signedClient } from '../support/signed-client.js';
import { contextFor, freshName } from './harness.js';

/** Another DynamoDB than the embedded engine. */
export interface Elsewhere {
  /** What takes AWS an hour or more is not waited for. */
  readonly isAws: boolean;
  /** Milliseconds that a backup may take. */
  readonly patienceMs: number;
  /** Tags that all tables of the tests have. */
  readonly tags: Readonly<Record<string, string>>;
  readonly raw: RawClient;
  readonly context: () => OperationContext;
  /** Names of two tables that no other test and no other run has. */
  readonly names: () => { readonly sessions: string; readonly events: string };
  /** Makes an alarm on a table, and answers its name. */
  readonly putAlarm: (table: string) => Promise<string>;
  /** Removes all that the tests have made, and closes what is open. */
  readonly stop: () => Promise<void>;
}

type Place = Pick<ConnectOptions, 'region' | 'endpoint' | 'profile' | 'credentials'>;

function elsewhere(place: Place, raw: RawClient, isAws: boolean, stop: () => Promise<void>): Elsewhere {
  const run = `mcp-sessions-test-${randomBytes(4).toString('hex')}`;
  const { region, endpoint, credentials, profile } = place;
  const watch = new CloudWatchClient({
    region,
    ...(endpoint !== null && { endpoint }),
    ...(credentials !== null && { credentials }),
    ...(profile !== null && { profile }),
  });
  const alarms: string[] = [];
  return {
    isAws,
    patienceMs: isAws ? 1_800_000 : 10_000,
    tags: { 'mcp-sessions-test': run },
    raw,
    context: () => contextFor(endpoint, place),
    names: () => {
      const sessions = freshName(run);
      return { sessions, events: `${sessions}-events` };
    },
    putAlarm: async (table) => {
      const name = `${table}-throttled`;
      alarms.push(name);
      await watch.send(
        new PutMetricAlarmCommand({
          AlarmName: name,
          Namespace: 'AWS/DynamoDB',
          MetricName: 'ThrottledRequests',
          Dimensions: [{ Name: 'TableName', Value: table }],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'GreaterThanThreshold',
        }),
      );
      return name;
    },
    stop: async () => {
      try {
        if (alarms.length > 0) await watch.send(new DeleteAlarmsCommand({ AlarmNames: alarms }));
        if (isAws) await removeAll(raw, run);
      } finally {
        watch.destroy();
        await stop();
      }
    },
  };
}

async function startOnMoto(): Promise<Elsewhere | null> {
  const moto = await startMoto();
  if (moto === null) return null;
  const place = { region: 'eu-west-1', endpoint: moto.endpoint, profile: null, credentials: PLACEHOLDER_CREDENTIALS };
  return elsewhere(place, rawClient(moto.endpoint), false, moto.stop);
}

function without(reason: string): null {
  process.stderr.write(`AWS cross-checks are left out: ${reason}\n`);
  return null;
}

/** AWS itself, or what AWS_ENDPOINT_URL names in its place, with the region and the credentials of the environment. */
async function startOnAws(): Promise<Elsewhere | null> {
  const { env } = process;
  if (env['MCP_SESSIONS_TEST_AWS'] !== '1') return without('MCP_SESSIONS_TEST_AWS is not 1');
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (region === undefined) return without('AWS_REGION is not set');
  const endpoint = env['AWS_ENDPOINT_URL'] ?? null;
  const place = { region, endpoint, profile: env['AWS_PROFILE'] ?? null, credentials: null };
  const { raw, destroy } = signedClient(place);
  return elsewhere(place, raw, true, async () => destroy());
}

/** The places, how each is started, and milliseconds that a test may take there. */
export const PLACES = [
  { name: 'moto', start: startOnMoto, timeout: 30_000 },
  { name: 'AWS', start: startOnAws, timeout: 7_200_000 },
] as const;

/** Says on stderr that a test is left out on AWS; true there. */
export function isLeftOut({ isAws }: Elsewhere, test: string, reason: string): boolean {
  if (isAws) process.stderr.write(`on AWS '${test}' is left out: ${reason}\n`);
  return isAws;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Deletes the tables and the backups of a run, whatever became of its tests; says what it could not delete. */
async function removeAll(raw: RawClient, run: string): Promise<void> {
  const tables: string[] = [];
  let start: string | undefined;
  do {
    const page = await raw.call('ListTables', { ...(start && { ExclusiveStartTableName: start }) });
    tables.push(...(page.TableNames ?? []).filter((name) => name.startsWith(run)));
    start = page.LastEvaluatedTableName;
  } while (start !== undefined);
  const left = await Promise.allSettled([...tables.map((table) => removeTable(raw, table)), removeBackups(raw, run)]);
  const failures = left.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  if (failures.length > 0) throw new Error(`delete what is named ${run}… yourself: ${failures.join('; ')}`);
}

async function removeTable(raw: RawClient, TableName: string): Promise<void> {
  const end = Date.now() + 1_800_000;
  while (Date.now() < end) {
    try {
      const { Table: table } = await raw.call('DescribeTable', { TableName });
      if (table?.TableStatus === 'ACTIVE')
        await (table.DeletionProtectionEnabled === true
          ? raw.call('UpdateTable', { TableName, DeletionProtectionEnabled: false })
          : raw.call('DeleteTable', { TableName }));
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return;
      // Too much at once, or not yet.
      if (!/InUse|LimitExceeded|Throttling/.test(nameOf(error))) throw error;
    }
    await sleep(1000);
  }
  throw new Error(`table ${TableName} is still there`);
}

async function removeBackups(raw: RawClient, run: string): Promise<void> {
  let start: string | undefined;
  do {
    const page = await raw.call('ListBackups', {
      BackupType: 'USER',
      ...(start && { ExclusiveStartBackupArn: start }),
    });
    for (const { TableName = '', BackupArn } of page.BackupSummaries ?? [])
      if (TableName.startsWith(run)) await raw.call('DeleteBackup', { BackupArn });
    start = page.LastEvaluatedBackupArn;
  } while (start !== undefined);
}
