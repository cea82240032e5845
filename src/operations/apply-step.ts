import type { Dynamo } from '../dynamodb/client.js';
import { describeTable, describeTtl, observeTable } from '../dynamodb/describe.js';
import {
  addReplica,
  createIndex,
  createTable,
  deleteIndex,
  setBilling,
  setDeletionProtection,
  setEncryption,
  setPointInTimeRecovery,
  setStream,
  setTableClass,
  setTtl,
  tagTable,
} from '../dynamodb/tables.js';
import { pause, waitFor } from '../dynamodb/wait.js';
import { CliError } from '../errors.js';
import type { DesiredTable, ObservedTable, Step } from '../schema/index.js';
import type { OperationContext } from './context.js';

type Described = NonNullable<Awaited<ReturnType<typeof describeTable>>>;

const seconds = (since: number): string => `${Math.round((performance.now() - since) / 1000)} s`;

/** Waits until a table takes changes again, telling what it is busy with. */
async function untilActive(context: OperationContext, name: string, step: string): Promise<Described> {
  const started = performance.now();
  return waitFor(
    async () => {
      const table = await describeTable(context.dynamo, name);
      if (table === null) throw new CliError('TABLE_NOT_FOUND', `table '${name}' is gone: it was deleted meanwhile`);
      if (table.status === 'ACTIVE') return table;
      if (['DELETING', 'ARCHIVING', 'ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'].includes(table.status))
        throw new CliError('TABLE_BUSY', `table '${name}' is ${table.status}: it takes no changes`, {
          hint: table.status.startsWith('INACCESSIBLE')
            ? 'DynamoDB cannot use its KMS key: restore the key or its policy'
            : 'run the command again when it is gone or back',
        });
      context.onProgress({ step, table: name, detail: `${table.status}, ${seconds(started)}` });
      return undefined;
    },
    { signal: context.signal, what: `waiting for table '${name}' to become ACTIVE` },
  );
}

/** Waits until an index is built (`present`) or gone. AWS makes one index at a time. */
async function untilIndex(context: OperationContext, name: string, index: string, present: boolean): Promise<void> {
  const started = performance.now();
  await waitFor(
    async () => {
      const table = await describeTable(context.dynamo, name);
      const found = table?.indexes.find((candidate) => candidate.name === index);
      if (present ? found?.status === 'ACTIVE' : found === undefined) return true;
      const count = found !== undefined && found.itemCount > 0 ? { done: found.itemCount } : {};
      context.onProgress({
        step: present ? `building index ${index}` : `removing index ${index}`,
        table: name,
        ...count,
        ...(table !== null && table.itemCount > 0 && present ? { total: table.itemCount, unit: 'items' } : {}),
        detail: `${found?.backfilling === true ? 'back-filling' : (found?.status ?? 'starting')}, ${seconds(started)}`,
      });
      return undefined;
    },
    { signal: context.signal, what: `waiting for index '${index}' of table '${name}'` },
  );
}

/** Waits until a table and all its indexes are ACTIVE, whoever began the change. */
export async function settle(context: OperationContext, name: string): Promise<void> {
  const table = await untilActive(context, name, 'waiting for the table');
  for (const index of table.indexes)
    if (index.status !== 'ACTIVE') await untilIndex(context, name, index.name, index.status !== 'DELETING');
}

interface StepOptions {
  readonly wait: boolean;
}

type Runner<S extends Step> = (
  context: OperationContext,
  desired: DesiredTable,
  step: S,
  options: StepOptions,
) => Promise<void>;

type Runners = { readonly [K in Step['do']]: Runner<Extract<Step, { do: K }>> };

/** A setting that UpdateTable changes: the table must be ACTIVE before, and is so again after. */
const update =
  <S extends Step>(step: string, change: (dynamo: Dynamo, name: string, step: S) => Promise<void>): Runner<S> =>
  async (context, { name }, wanted, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step, table: name });
    await change(context.dynamo, name, wanted);
    if (wait) await untilActive(context, name, step);
  };

const settleIf = async (context: OperationContext, name: string, wait: boolean): Promise<void> => {
  if (wait) await settle(context, name);
};

async function observed(context: OperationContext, name: string): Promise<ObservedTable> {
  const table = await observeTable(context.dynamo, name);
  if (table === null) throw new CliError('TABLE_NOT_FOUND', `table '${name}' is gone: it was deleted meanwhile`);
  return table;
}

const createIndexRunner: Runner<Extract<Step, { do: 'createIndex' }>> = async (
  context,
  { name },
  { index },
  { wait },
) => {
  await settleIf(context, name, wait);
  context.onProgress({ step: `building index ${index.name}`, table: name });
  await createIndex(context.dynamo, await observed(context, name), index);
  if (wait) await untilIndex(context, name, index.name, true);
};

const RUNNERS: Runners = {
  createTable: async (context, desired, _step, { wait }) => {
    if (desired.keys === null) return;
    context.onProgress({ step: 'creating the table', table: desired.name });
    await createTable(context.dynamo, desired, desired.keys);
    if (wait) await untilActive(context, desired.name, 'creating the table');
  },
  setBilling: async (context, { name }, { billing }, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step: 'changing the billing', table: name });
    await setBilling(context.dynamo, await observed(context, name), billing);
    if (wait) await settle(context, name);
  },
  setDeletionProtection: update('changing the deletion protection', (dynamo, name, { on }) =>
    setDeletionProtection(dynamo, name, on),
  ),
  setTableClass: update('changing the table class', (dynamo, name, { tableClass }) =>
    setTableClass(dynamo, name, tableClass),
  ),
  setEncryption: update('changing the encryption', (dynamo, name, { kmsKey }) => setEncryption(dynamo, name, kmsKey)),
  deleteIndex: async (context, { name }, { index }, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step: `removing index ${index}`, table: name });
    await deleteIndex(context.dynamo, name, index);
    if (wait) await untilIndex(context, name, index, false);
  },
  replaceIndex: async (context, desired, { index }, options) => {
    await RUNNERS.deleteIndex(context, desired, { do: 'deleteIndex', index: index.name }, options);
    if (options.wait) await createIndexRunner(context, desired, { do: 'createIndex', index }, options);
    else throw unfinished(`the index ${index.name} is being dropped; it can be built when it is gone`);
  },
  createIndex: createIndexRunner,
  setStream: async (context, { name }, { from, to }, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step: 'changing the stream', table: name });
    // A stream cannot change its view: it is turned off first. Turning off one that is off is refused by AWS.
    if (from !== false) {
      await setStream(context.dynamo, name, false);
      if (to !== false && !wait)
        throw unfinished('the stream is being turned off; it can be turned on again after that');
      if (to !== false) await untilActive(context, name, 'turning the stream off');
    }
    if (to !== false) await setStream(context.dynamo, name, to);
    if (wait) await untilActive(context, name, 'changing the stream');
  },
  addReplica: async (context, { name }, { region }, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step: `adding the replica in ${region}`, table: name });
    await addReplica(context.dynamo, name, region);
    if (wait) await untilReplica(context, name, region);
  },
  setTtl: async (context, { name }, { from, to }, { wait }) => {
    await settleIf(context, name, wait);
    context.onProgress({ step: 'changing TTL', table: name });
    if (from !== null) {
      await retryTtl(context, name, () => setTtl(context.dynamo, name, from, false), wait);
      if (to !== false && !wait) throw unfinished('TTL is being turned off; it can be turned on again after that');
    }
    if (to === false) return;
    if (wait) await untilTtlOff(context, name);
    await retryTtl(context, name, () => setTtl(context.dynamo, name, to, true), wait);
  },
  setPointInTimeRecovery: async (context, { name }, { on }) => {
    context.onProgress({ step: 'changing point-in-time recovery', table: name });
    await retryRecovery(context, name, () => setPointInTimeRecovery(context.dynamo, name, on));
  },
  setTags: async (context, { name }, { tags }) => {
    const { arn } = await untilActive(context, name, 'setting tags');
    context.onProgress({ step: 'setting tags', table: name });
    if (arn !== null) await tagTable(context.dynamo, { name, arn }, tags);
  },
};

const unfinished = (what: string): CliError =>
  new CliError('WAIT_TIMEOUT', what, { hint: 'run setup again later: it goes on from there' });

async function untilReplica(context: OperationContext, name: string, region: string): Promise<void> {
  const started = performance.now();
  await waitFor(
    async () => {
      const table = await describeTable(context.dynamo, name);
      const replica = table?.replicas.find((candidate) => candidate.region === region);
      if (replica?.status === 'ACTIVE') return true;
      if (replica?.status === 'CREATION_FAILED')
        throw new CliError('AWS_ERROR', `AWS could not create the replica of '${name}' in ${region}`);
      // An endpoint that takes the call and makes no replica would be waited for in vain.
      if (replica === undefined && table?.status === 'ACTIVE' && !context.dynamo.isAws)
        throw new CliError('NOT_SUPPORTED', 'this endpoint makes no replicas');
      context.onProgress({
        step: `adding the replica in ${region}`,
        table: name,
        detail: `${replica?.status ?? 'starting'}, ${seconds(started)}`,
      });
      return undefined;
    },
    { signal: context.signal, what: `waiting for the replica of '${name}' in ${region}` },
  );
}

async function untilTtlOff(context: OperationContext, name: string): Promise<void> {
  const started = performance.now();
  await waitFor(
    async () => {
      const { status } = await describeTtl(context.dynamo, name);
      if (status !== 'DISABLING' && status !== 'ENABLED') return true;
      context.onProgress({
        step: 'turning TTL off',
        table: name,
        detail: `${status}, ${seconds(started)}; AWS may take an hour`,
      });
      return undefined;
    },
    { signal: context.signal, what: `waiting for TTL of '${name}' to be off` },
  );
}

const TTL_RETRY_MS = 30_000;
const TTL_WINDOW_MS = 75 * 60_000;

/** UpdateTimeToLive is refused within an hour of the last change: wait for that hour to end, and say so. */
async function retryTtl(
  context: OperationContext,
  name: string,
  change: () => Promise<void>,
  wait: boolean,
): Promise<void> {
  const started = performance.now();
  for (;;) {
    try {
      return await change();
    } catch (error) {
      const isTooSoon = error instanceof CliError && /multiple times within a fixed interval/i.test(error.message);
      if (!isTooSoon || !wait || performance.now() - started > TTL_WINDOW_MS) throw error;
      context.onProgress({
        step: 'changing TTL',
        table: name,
        detail: `AWS allows one change an hour, trying again (${seconds(started)}); Ctrl-C and a later run are as good`,
      });
      await pause(TTL_RETRY_MS, context.signal);
    }
  }
}

const RECOVERY_RETRY_MS = 1000;
const RECOVERY_LIMIT_MS = 120_000;

/** Right after a table's creation its backups are being enabled, and recovery cannot be switched. */
async function retryRecovery(context: OperationContext, name: string, change: () => Promise<void>): Promise<void> {
  const started = performance.now();
  for (;;) {
    try {
      return await change();
    } catch (error) {
      const isEarly =
        error instanceof CliError && /ContinuousBackupsUnavailable|backups are being enabled/i.test(error.message);
      if (!isEarly || performance.now() - started > RECOVERY_LIMIT_MS) throw error;
      context.onProgress({
        step: 'turning point-in-time recovery on',
        table: name,
        detail: `AWS is preparing the table's backups, ${seconds(started)}`,
      });
      await pause(RECOVERY_RETRY_MS, context.signal);
    }
  }
}

/** The table's type ties each runner to its step; looked up by a step's own name it takes that step. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot correlate the union's members
const runnerOf = (name: Step['do']): Runner<Step> => RUNNERS[name] as Runner<Step>;

/** Carries one step out and, with `wait`, waits until AWS has done it. */
export async function applyStep(
  context: OperationContext,
  desired: DesiredTable,
  step: Step,
  options: StepOptions,
): Promise<void> {
  await runnerOf(step.do)(context, desired, step, options);
}

/** Steps that an engine may well not offer; without them the tables still serve. */
const DISPENSABLE = new Set<Step['do']>([
  'setDeletionProtection',
  'setTableClass',
  'setEncryption',
  'addReplica',
  'setPointInTimeRecovery',
  'setTags',
]);

/** Whether a failed step is one that this endpoint, not being AWS, just does not offer. */
export function canGoWithout(context: OperationContext, step: Step, failure: CliError): boolean {
  if (context.dynamo.isAws || !DISPENSABLE.has(step.do)) return false;
  return ['NOT_SUPPORTED', 'REQUEST_INVALID', 'ENDPOINT_NOT_DYNAMODB'].includes(failure.code);
}
