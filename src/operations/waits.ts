import { type Described, describeTable } from '../dynamodb/describe.js';
import { pause, waitFor } from '../dynamodb/wait.js';
import { CliError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { OperationContext } from './context.js';

const seconds = (since: number): string => `${Math.round((performance.now() - since) / 1000)} s`;

export const isGone = (name: string): CliError =>
  new CliError('TABLE_NOT_FOUND', `table '${name}' is gone: it was deleted meanwhile`, {
    hint: 'run setup again: it creates the table',
  });

export const unfinished = (what: string): CliError =>
  new CliError('WAIT_TIMEOUT', what, { hint: 'run setup again later: it goes on from there' });

/** States that a table does not leave by waiting. */
const STUCK: Readonly<Record<string, string>> = {
  DELETING: 'run the command again when it is gone',
  ARCHIVING: 'restore it from the backup that DynamoDB makes of it',
  ARCHIVED: 'restore it from the backup that DynamoDB made of it',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS: 'DynamoDB cannot use its KMS key: restore the key or its policy',
  REPLICATION_NOT_AUTHORIZED: 'let DynamoDB replicate it again: the policy of the table or of a replica forbids it',
};

const BUSY_REPLICA = new Set(['CREATING', 'UPDATING', 'DELETING']);

/** What a table is busy with, for the progress; null when it takes any change. */
function busyWith(table: Described, step: string): Omit<Progress, 'table'> | null {
  if (table.status !== 'ACTIVE') return { step, detail: table.status };
  const index = table.indexes.find(({ status }) => status !== 'ACTIVE');
  if (index !== undefined) {
    const leaves = index.status === 'DELETING';
    const counted = !leaves && index.itemCount > 0 ? { done: index.itemCount } : {};
    const total = !leaves && table.itemCount > 0 ? { total: table.itemCount, unit: 'items' } : {};
    return {
      step: `${leaves ? 'removing' : 'building'} index ${index.name}`,
      ...counted,
      ...total,
      detail: index.backfilling ? 'back-filling' : index.status,
    };
  }
  if (table.changesKey) return { step: 'changing the encryption', detail: 'AWS is changing the key' };
  const replica = table.replicas.find(({ status }) => BUSY_REPLICA.has(status));
  return replica === undefined ? null : { step: `replica in ${replica.region}`, detail: replica.status };
}

interface SettleOptions {
  /** What is said while the table itself is not ACTIVE. */
  readonly step?: string;
  /** What must be there in the end, beside that nothing is under way. */
  readonly until?: (table: Described) => boolean;
  /** The table was created a moment ago: DescribeTable may not know it for some seconds. */
  readonly isNew?: boolean;
}

/** How long AWS may take to show what it has accepted: its descriptions are eventually consistent. */
const LAG_MS = 30_000;
/** Engines show a change at once. */
const ENGINE_LAG_MS = 1000;

/**
 * Waits until a table is ACTIVE with all its indexes, replicas and its key, whoever began the change, and tells what it
 * waits for. An ACTIVE table may still refuse changes: of its stream, capacity or another index while one is
 * back-filled, of its key while that changes, of TTL while a replica is made.
 */
export async function settle(
  context: OperationContext,
  name: string,
  { step = 'waiting for the table', until, isNew = false }: SettleOptions = {},
): Promise<Described> {
  const started = performance.now();
  const lag = context.dynamo.isAws ? LAG_MS : ENGINE_LAG_MS;
  let idleSince: number | null = null;
  return waitFor(
    async () => {
      const table = await describeTable(context.dynamo, name);
      if (table === null) {
        if (!isNew || performance.now() - started > LAG_MS) throw isGone(name);
        return undefined;
      }
      const cure = STUCK[table.status];
      if (cure !== undefined)
        throw new CliError('TABLE_BUSY', `table '${name}' is ${table.status}: it takes no changes`, { hint: cure });
      const busy = busyWith(table, step);
      if (busy === null && (until === undefined || until(table))) return table;
      idleSince = busy === null ? (idleSince ?? performance.now()) : null;
      if (idleSince !== null && performance.now() - idleSince > lag) throw withoutEffect(context, name, step);
      const { detail = 'starting', ...rest } = busy ?? { step };
      context.onProgress({ ...rest, table: name, detail: `${detail}, ${seconds(started)}` });
      return undefined;
    },
    { signal: context.signal, what: `waiting for table '${name}'` },
  );
}

function withoutEffect({ dynamo }: OperationContext, name: string, step: string): CliError {
  return dynamo.isAws
    ? unfinished(`${step}: AWS took the call, but table '${name}' does not show it yet`)
    : new CliError('NOT_SUPPORTED', `${step}: ${dynamo.endpoint ?? 'the endpoint'} took the call and did nothing`);
}

/** Waits until a table that is DELETING is gone, so that it can be created anew. */
export async function untilGone(context: OperationContext, name: string): Promise<void> {
  const started = performance.now();
  await waitFor(
    async () => {
      const table = await describeTable(context.dynamo, name);
      if (table?.status !== 'DELETING') return true;
      const detail = `DELETING, ${seconds(started)}`;
      context.onProgress({ step: 'waiting until the old table is gone', table: name, detail });
      return undefined;
    },
    { signal: context.signal, what: `waiting until the old table '${name}' is gone` },
  );
}

interface Patience {
  readonly table: string;
  readonly step: string;
  /** Said while waiting. */
  readonly why: string;
  /** Whether a failure is one that passes. */
  readonly passes: (failure: CliError) => boolean;
  /** Without it, a failure that passes is thrown as WAIT_TIMEOUT. */
  readonly wait: boolean;
  /** Milliseconds after which the failure is thrown. */
  readonly limitMs: number;
  readonly maxDelayMs: number;
}

const FIRST_DELAY_MS = 200;

/** Makes a change that AWS refuses for a while after another one: tries again, with growing pauses, and says why. */
export async function patiently(
  context: OperationContext,
  change: () => Promise<void>,
  { table, step, why, passes, wait, limitMs, maxDelayMs }: Patience,
): Promise<void> {
  const started = performance.now();
  let delay = FIRST_DELAY_MS;
  for (;;) {
    try {
      await change();
      return;
    } catch (error) {
      if (!(error instanceof CliError) || !passes(error)) throw error;
      if (!wait) throw unfinished(`${step}: ${why}`);
      if (performance.now() - started > limitMs) throw error;
    }
    context.onProgress({ step, table, detail: `${why}, ${seconds(started)}` });
    await pause(delay, context.signal);
    delay = Math.min(maxDelayMs, delay * 2);
  }
}
