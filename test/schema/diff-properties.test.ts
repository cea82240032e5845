import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Billing,
  DesiredTable,
  IndexSpec,
  KeyAttribute,
  KeySchema,
  ObservedIndex,
  ObservedTable,
  StreamViewType,
  TableClass,
} from '../../src/schema/index.js';
import { planTable, type Step, type TablePlan } from '../../src/schema/index.js';
import { applyPlan } from './plan-model.js';

const attribute = fc.record<KeyAttribute>({
  name: fc.constantFrom('a', 'b', 'c'),
  type: fc.constantFrom<KeyAttribute['type']>('S', 'N'),
});
const keys: fc.Arbitrary<KeySchema> = fc
  .tuple(attribute, fc.option(attribute, { nil: undefined }))
  .map(([partitionKey, sortKey]) => ({ partitionKey, ...(sortKey !== undefined && { sortKey }) }));
const projection: fc.Arbitrary<IndexSpec['projection']> = fc.oneof(
  fc.constantFrom<IndexSpec['projection']>({ type: 'ALL' }, { type: 'KEYS_ONLY' }),
  fc
    .uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 })
    .map((nonKeyAttributes): IndexSpec['projection'] => ({ type: 'INCLUDE', nonKeyAttributes })),
);
const indexes: fc.Arbitrary<readonly IndexSpec[]> = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom('ByA', 'ByB', 'ByC', 'ByD'), keys, projection)
    .map(([name, schema, projected]): IndexSpec => ({ name, ...schema, projection: projected })),
  { selector: ({ name }) => name },
);
const stream = fc.constantFrom<StreamViewType>('KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES');
const tags = fc.dictionary(fc.constantFrom('Team', 'Purpose', 'Environment'), fc.constantFrom('x', 'y', ''));
const billing: fc.Arbitrary<Billing> = fc.oneof(
  fc.constant<Billing>({ mode: 'on-demand' }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(
    ([readCapacityUnits, writeCapacityUnits]): Billing => ({
      mode: 'provisioned',
      readCapacityUnits,
      writeCapacityUnits,
    }),
  ),
);
const tableClass = fc.constantFrom<TableClass>('STANDARD', 'STANDARD_INFREQUENT_ACCESS');
const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/';
const regions = fc.uniqueArray(fc.constantFrom('eu-west-2', 'eu-west-3', 'us-east-1'));
const unset = { nil: undefined } as const;

// The same keys most of the time: other keys block everything.
const tableKeys = fc.oneof(
  { weight: 6, arbitrary: fc.constant<KeySchema>({ partitionKey: { name: 'a', type: 'S' } }) },
  { weight: 1, arbitrary: keys },
);

const desiredTable: fc.Arbitrary<DesiredTable> = fc.record({
  role: fc.constant<'sessions'>('sessions'),
  name: fc.constant('sessions'),
  keys: tableKeys,
  indexes,
  ttlAttribute: fc.constantFrom<string | false | undefined>('ttl', 'expires', false, undefined),
  stream: fc.option(fc.oneof(stream, fc.constant<false>(false)), unset),
  tags,
  billing: fc.option(billing, unset),
  pointInTimeRecovery: fc.option(fc.boolean(), unset),
  deletionProtection: fc.option(fc.boolean(), unset),
  tableClass: fc.option(tableClass, unset),
  kmsKey: fc.constantFrom('default', 'one', `${ARN}two`, undefined),
  replicas: regions,
});

const observedIndexes: fc.Arbitrary<readonly ObservedIndex[]> = indexes.chain((specs) =>
  fc.tuple(...specs.map(() => fc.constantFrom('ACTIVE', 'ACTIVE', 'CREATING', 'DELETING'))).map((statuses) =>
    specs.map((spec, at) => ({
      ...spec,
      status: statuses[at] ?? 'ACTIVE',
      backfilling: false,
      itemCount: 0,
      sizeBytes: 0,
    })),
  ),
);

const observedTable: fc.Arbitrary<ObservedTable> = fc.record({
  name: fc.constant('sessions'),
  arn: fc.constant('arn:aws:dynamodb:eu-west-1:111122223333:table/sessions'),
  status: fc.constantFrom('ACTIVE', 'UPDATING'),
  createdAt: fc.constant(0),
  itemCount: fc.nat(),
  sizeBytes: fc.nat(),
  keys: tableKeys,
  indexes: observedIndexes,
  ttl: fc.oneof(
    fc.constant<ObservedTable['ttl']>({ status: 'DISABLED', attribute: null }),
    fc.record({
      status: fc.constantFrom<ObservedTable['ttl']['status']>('ENABLED', 'ENABLING', 'DISABLING', 'DISABLED'),
      attribute: fc.constantFrom('ttl', 'expires'),
    }),
  ),
  stream: fc.oneof(
    fc.constant({ enabled: false, viewType: null }),
    stream.map((viewType) => ({ enabled: true, viewType })),
  ),
  billing,
  pointInTimeRecovery: fc.option(fc.record({ enabled: fc.boolean() })),
  deletionProtection: fc.boolean(),
  tableClass,
  encryption: fc.record({ kmsKey: fc.option(fc.constantFrom(`${ARN}one`, `${ARN}two`, `${ARN}three`)) }),
  tags: fc.option(tags),
  replicas: regions.map((names) => names.map((region) => ({ region, status: 'ACTIVE' }))),
});

const names = ({ indexes: all }: ObservedTable): readonly string[] =>
  all.filter(({ status }) => status !== 'DELETING').map(({ name }) => name);

const RUNS = { numRuns: 1000 };
const stepsOf = ({ changes }: TablePlan): readonly Step[] => [
  ...new Set(changes.map(({ step }) => step).filter((step) => step !== null)),
];

describe('planTable', () => {
  it('carried out leaves nothing to do but what is blocked or not offered', () => {
    fc.assert(
      fc.property(desiredTable, fc.option(observedTable), fc.boolean(), (desired, observed, prune) => {
        const before = planTable(desired, observed, { prune });
        const stuck = before.changes.filter(({ step }) => step === null);
        const after = applyPlan(observed, before);
        const again = planTable(desired, after, { prune });
        expect(again.changes).toEqual(stuck);
        expect(again.action).toBe(stuck.some(({ kind }) => kind === 'blocked') ? 'blocked' : 'none');
      }),
      RUNS,
    );
  });

  it('drops nothing without prune, and with it only indexes', () => {
    fc.assert(
      fc.property(desiredTable, observedTable, fc.boolean(), (desired, observed, prune) => {
        const plan = planTable(desired, observed, { prune });
        const after = applyPlan(observed, plan);
        if (!prune) {
          expect(names(after)).toEqual(expect.arrayContaining([...names(observed)]));
          expect(stepsOf(plan).map((step) => step.do)).not.toContain('deleteIndex');
          expect(stepsOf(plan).map((step) => step.do)).not.toContain('replaceIndex');
        }
        expect(Object.keys(after.tags ?? {})).toEqual(expect.arrayContaining(Object.keys(observed.tags ?? {})));
        expect(after.replicas).toEqual(expect.arrayContaining([...observed.replicas]));
        // What takes an index or the recovery points away says so.
        for (const { step, loses } of plan.changes) {
          const takes =
            step?.do === 'deleteIndex' ||
            step?.do === 'replaceIndex' ||
            (step?.do === 'setPointInTimeRecovery' && !step.on);
          if (takes) expect(loses).toBeDefined();
        }
      }),
      RUNS,
    );
  });

  it('does what AWS allows only after something else after it', () => {
    fc.assert(
      fc.property(desiredTable, fc.option(observedTable), fc.boolean(), (desired, observed, prune) => {
        const order = stepsOf(planTable(desired, observed, { prune })).map((step) => step.do);
        const isBefore = (first: Step['do'], second: Step['do']): boolean =>
          !order.includes(first) || !order.includes(second) || order.lastIndexOf(first) < order.indexOf(second);
        // 20 indexes are the limit: room is made first. A replica needs the stream; TTL, recovery and tags a table.
        expect(isBefore('deleteIndex', 'createIndex')).toBe(true);
        expect(isBefore('replaceIndex', 'createIndex')).toBe(true);
        expect(isBefore('setStream', 'addReplica')).toBe(true);
        expect(isBefore('createIndex', 'addReplica')).toBe(true);
        expect(order.indexOf('createTable')).toBeLessThanOrEqual(0);
        if (observed === null) expect(order[0]).toBe('createTable');
        else expect(order).not.toContain('createTable');
      }),
      RUNS,
    );
  });
});
