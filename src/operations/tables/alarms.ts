import type { Alarm } from '../../dynamodb/alarms.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';
import type { RestoredTable, RestoreTask } from '../restore/table.js';

/** The alarms that there are; null where they cannot be read, for whatever reason: nothing depends on them. */
export async function readAlarms({ dynamo }: OperationContext): Promise<readonly Alarm[] | null> {
  if (dynamo.cloudWatch === null) return null;
  const { listAlarms } = await import('../../dynamodb/alarms.js');
  try {
    return await listAlarms(dynamo);
  } catch (error) {
    if (error instanceof CliError) return null;
    throw error;
  }
}

/** The alarms that a rule is made of: each is named, or given as an ARN, in quotes or without. */
function partsOf(rule: string): readonly string[] {
  const states = /\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^)]*?))\s*\)/gi;
  return [...rule.matchAll(states)].map(([, double, single, bare = '']) =>
    (double ?? single ?? bare).replaceAll(/\\(.)/g, '$1').replace(/^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:/, ''),
  );
}

/** The names of those that watch a table, in order: by a metric of it, or made of alarms that do. */
export function alarmsOn(alarms: readonly Alarm[], table: string): readonly string[] {
  const watching = new Set(alarms.filter(({ tables }) => tables.includes(table)).map(({ name }) => name));
  const composite = alarms.flatMap(({ name, rule }) => (rule === null ? [] : [{ name, parts: partsOf(rule) }]));
  // A composite alarm may be made of composite ones.
  for (let before = -1; before !== watching.size; ) {
    before = watching.size;
    for (const { name, parts } of composite) if (parts.some((part) => watching.has(part))) watching.add(name);
  }
  return [...watching].toSorted((a, b) => a.localeCompare(b));
}

/**
 * The names of those that watch a table that was backed up and not the one that it became; where both have one name,
 * which watch that. What was recorded stands in where nothing can be read now.
 */
export function alarmsLeft(
  all: readonly Alarm[] | null,
  {
    source,
    target,
    recorded,
  }: { readonly source: string; readonly target: string; readonly recorded: readonly string[] | null },
): readonly string[] | null {
  if (all === null) return recorded;
  const onTarget = new Set(source === target ? [] : alarmsOn(all, target));
  return alarmsOn(all, source).filter((name) => !onTarget.has(name));
}

const isThere = ({ outcome }: RestoredTable): boolean => outcome === 'done' || outcome === 'partly';

/** Tells of restored tables which alarms are left; what was recorded with the backup stands in. */
export async function withAlarms(
  context: OperationContext,
  tasks: readonly RestoreTask[],
  tables: readonly RestoredTable[],
): Promise<readonly RestoredTable[]> {
  if (!tables.some(isThere)) return tables;
  const all = await readAlarms(context);
  return tables.map((table) => {
    if (!isThere(table)) return table;
    const { source, target } = table;
    const recorded = tasks.find((task) => task.table === source)?.settings.record?.alarms ?? null;
    return { ...table, alarms: alarmsLeft(all, { source, target, recorded }) };
  });
}
