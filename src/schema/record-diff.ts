import type { TableRecord } from './record.js';

/** Settings in a form in which equal ones are equal texts: whatever order AWS tells them in. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => JSON.stringify(comparable(each))).toSorted();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, key === 'resourcePolicy' ? comparablePolicy(each) : comparable(each)]),
  );
}

/** AWS may write a policy in another way than it was given. */
function comparablePolicy(policy: unknown): unknown {
  try {
    return comparable(JSON.parse(String(policy)));
  } catch {
    return policy;
  }
}

const COMPARED = [
  'keys',
  'indexes',
  'ttlAttribute',
  'stream',
  'billing',
  'pointInTimeRecovery',
  'deletionProtection',
  'tableClass',
  'kmsKey',
  'tags',
  'replicas',
  'extras',
] as const satisfies readonly (keyof TableRecord)[];

/** Settings of which null says that they were off; of the others it says that they were not read. */
const NULL_IS_OFF: ReadonlySet<keyof TableRecord> = new Set(['ttlAttribute', 'stream', 'kmsKey']);

/** The settings in which a table, as it is recorded now, differs from how it was. */
export function recordDifferences(was: TableRecord, is: TableRecord): readonly string[] {
  return COMPARED.filter((property) => {
    const wanted = was[property];
    if (wanted === undefined || (wanted === null && !NULL_IS_OFF.has(property))) return false;
    return JSON.stringify(comparable(wanted)) !== JSON.stringify(comparable(is[property]));
  });
}
