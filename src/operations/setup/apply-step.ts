import type { Dynamo } from '../../dynamodb/client.js';
import { type Described, describeTable } from '../../dynamodb/describe.js';
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
} from '../../dynamodb/tables.js';
import { CliError } from '../../errors.js';
import type { DesiredTable, Step } from '../../schema/index.js';
import { applyTags } from './apply-tags.js';
import { applyTtl } from './apply-ttl.js';
import type { OperationContext } from '../context.js';
import { isGone, patiently, settle, unfinished, untilGone } from '../waits.js';

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

/** The table as it is before a change; with `wait`, once it takes changes. */
async function ready(context: OperationContext, name: string, wait: boolean): Promise<Described> {
  if (wait) return settle(context, name);
  const table = await describeTable(context.dynamo, name);
  if (table === null) throw isGone(name);
  if (table.status === 'CREATING' || table.status === 'DELETING')
    throw unfinished(`table '${name}' is ${table.status}; it takes changes after that`);
  return table;
}

/** A change that UpdateTable makes: the table must have settled before, and does so again after. */
const update =
  <S extends Step>(
    describe: (step: S) => string,
    change: (dynamo: Dynamo, table: Described, step: S) => Promise<void>,
    until: (table: Described, step: S) => boolean = () => true,
  ): Runner<S> =>
  async (context, { name }, wanted, { wait }) => {
    const step = describe(wanted);
    const table = await ready(context, name, wait);
    context.onProgress({ step, table: name });
    await change(context.dynamo, table, wanted);
    if (wait) await settle(context, name, { step, until: (now) => until(now, wanted) });
  };

const RECOVERY_LIMIT_MS = 120_000;
const RECOVERY_MAX_DELAY_MS = 2000;

const RUNNERS: Runners = {
  createTable: async (context, desired, _step, { wait }) => {
    const { name, keys } = desired;
    if (keys === null) return;
    // A table that is being deleted keeps its name until it is gone.
    if (wait) await untilGone(context, name);
    context.onProgress({ step: 'creating the table', table: name });
    await createTable(context.dynamo, desired, keys);
    if (wait) await settle(context, name, { step: 'creating the table', isNew: true });
  },
  setBilling: update(
    () => 'changing the billing',
    (dynamo, table, { billing }) => setBilling(dynamo, table, billing),
  ),
  setDeletionProtection: update(
    () => 'changing the deletion protection',
    (dynamo, { name }, { on }) => setDeletionProtection(dynamo, name, on),
  ),
  setTableClass: update(
    () => 'changing the table class',
    (dynamo, { name }, { tableClass }) => setTableClass(dynamo, name, tableClass),
  ),
  setEncryption: update(
    () => 'changing the encryption',
    (dynamo, { name }, { kmsKey }) => setEncryption(dynamo, name, kmsKey),
  ),
  deleteIndex: update(
    ({ index }) => `removing index ${index}`,
    (dynamo, { name }, { index }) => deleteIndex(dynamo, name, index),
    ({ indexes }, { index }) => indexes.every(({ name }) => name !== index),
  ),
  createIndex: update(
    ({ index }) => `building index ${index.name}`,
    (dynamo, table, { index }) => createIndex(dynamo, table, index),
    ({ indexes }, { index }) => indexes.some(({ name }) => name === index.name),
  ),
  replaceIndex: async (context, desired, { index }, options) => {
    await RUNNERS.deleteIndex(context, desired, { do: 'deleteIndex', index: index.name }, options);
    if (!options.wait) throw unfinished(`the index ${index.name} is being dropped; it can be built when it is gone`);
    await RUNNERS.createIndex(context, desired, { do: 'createIndex', index }, options);
  },
  setStream: async (context, { name }, { to }, { wait }) => {
    const step = 'changing the stream';
    const { stream } = await ready(context, name, wait);
    context.onProgress({ step, table: name });
    // A stream cannot change its view: it is turned off first. AWS refuses to turn off one that is off.
    if (stream.enabled && stream.viewType !== to) {
      await setStream(context.dynamo, name, false);
      if (to !== false && !wait) throw unfinished('the stream is being turned off; it can be turned on after that');
      // Another run may have turned it on meanwhile.
      const isOffOrRight = ({ stream: { enabled, viewType } }: Described): boolean => !enabled || viewType === to;
      if (wait && (await settle(context, name, { step, until: isOffOrRight })).stream.enabled) return;
    }
    if (to === false || (stream.enabled && stream.viewType === to)) return;
    await setStream(context.dynamo, name, to);
    if (wait) await settle(context, name, { step });
  },
  addReplica: update(
    ({ region }) => `adding the replica in ${region}`,
    (dynamo, { name }, { region }) => addReplica(dynamo, name, region),
    ({ name, replicas }, { region }) => isReplicated(name, region, replicas),
  ),
  setTtl: async (context, { name }, { to }, { wait }) => {
    await ready(context, name, wait);
    await applyTtl(context, name, to, wait);
  },
  setPointInTimeRecovery: async (context, { name }, { on }, { wait }) => {
    const step = 'changing point-in-time recovery';
    context.onProgress({ step, table: name });
    await patiently(context, () => setPointInTimeRecovery(context.dynamo, name, on), {
      table: name,
      step,
      why: "AWS is preparing the table's backups",
      // Right after a table's creation its backups are being enabled, and recovery cannot be switched.
      passes: ({ code, message }) => code === 'BACKUPS_UNAVAILABLE' || /backups are being enabled/i.test(message),
      wait,
      limitMs: RECOVERY_LIMIT_MS,
      maxDelayMs: RECOVERY_MAX_DELAY_MS,
    });
  },
  setTags: async (context, { name }, { tags }, { wait }) => {
    const { arn } = await ready(context, name, wait);
    if (arn === null) throw new CliError('NOT_SUPPORTED', `table '${name}' has no ARN here, and so no tags`);
    await applyTags(context, { name, arn }, tags, wait);
  },
};

function isReplicated(table: string, region: string, replicas: Described['replicas']): boolean {
  const replica = replicas.find((candidate) => candidate.region === region);
  if (replica?.status === 'CREATION_FAILED')
    throw new CliError('AWS_ERROR', `AWS could not create the replica of '${table}' in ${region}`, {
      hint: 'the AWS console says why; delete that replica before the next try',
    });
  return replica?.status === 'ACTIVE';
}

/** The table's type ties each runner to its step; looked up by a step's own name it takes that step. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot correlate the union's members
const runnerOf = (name: Step['do']): Runner<Step> => RUNNERS[name] as Runner<Step>;

/**
 * Carries one step out and, with `wait`, waits until AWS has done it. Without, throws WAIT_TIMEOUT where a second call
 * is needed that AWS does not take yet.
 */
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
