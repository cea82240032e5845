import { ArchiveDamage } from '../../archive/disk.js';
import { itemsOf } from '../../archive/lines.js';
import type { OpenArchive, OpenTable } from '../../archive/open.js';
import { CliError } from '../../errors.js';
import {
  describeKeys,
  detectLayout,
  type Item,
  itemFromWire,
  type KeySchema,
  type Layout,
  type TableSpec,
} from '../../schema/index.js';

/** The table of a layout that an export of AWS's is taken for: an export holds items, and neither keys nor settings. */
export interface ExportedTable {
  readonly layout: Layout;
  readonly spec: TableSpec;
}

/** Items at the most by which it is told. */
const SAMPLES = 100;

/**
 * Which table an export is of: one of the layout that was named, else of the one whose keys all sampled items have and
 * that they look like. null where nothing or more than one is left. Throws LAYOUT_UNKNOWN.
 */
export async function exportedTable(
  archive: OpenArchive,
  layouts: readonly Layout[],
  named: string | null,
): Promise<ExportedTable | null> {
  const [table] = archive.tables;
  if (table === undefined) return null;
  const samples = await samplesOf(archive, table);
  if (named === null) return detected(table, samples, layouts);
  const layout = layouts.find(({ id }) => id === named);
  if (layout === undefined)
    throw new CliError('LAYOUT_UNKNOWN', `there is no layout '${named}'`, {
      hint: `the layouts are ${layouts.map(({ id }) => id).join(', ')}`,
    });
  return ofName(layout, table) ?? detected(table, samples, [layout]) ?? sessionsOf(layout);
}

/** The table of a layout that bears the export's name; its first one where none does. */
export const ofNameOrFirst = (layout: Layout, table: OpenTable): ExportedTable | null =>
  ofName(layout, table) ?? sessionsOf(layout);

const sessionsOf = (layout: Layout): ExportedTable | null => {
  const [spec] = layout.tables;
  return spec === undefined ? null : { layout, spec };
};

function ofName(layout: Layout, { name }: OpenTable): ExportedTable | null {
  const sessions = layout.tables[0]?.defaultName ?? '';
  const spec = layout.tables.find(({ defaultName }) => defaultName.replaceAll('{sessions}', sessions) === name);
  return spec === undefined ? null : { layout, spec };
}

async function samplesOf({ cipher }: OpenArchive, { files }: OpenTable): Promise<readonly Item[]> {
  const file = files.find(({ items }) => items > 0);
  if (file === undefined) return [];
  try {
    for await (const found of itemsOf(file, cipher))
      return found.slice(0, SAMPLES).map(({ item }) => itemFromWire(item));
  } catch (error) {
    // What is wrong with it the check tells.
    if (!(error instanceof ArchiveDamage) && !(error instanceof CliError && error.code === 'FILE_ERROR')) throw error;
  }
  return [];
}

function hasKeys(item: Item, { partitionKey, sortKey }: KeySchema): boolean {
  return [partitionKey, sortKey].every((key) => {
    if (key === undefined) return true;
    const value = Object.hasOwn(item, key.name) ? item[key.name] : undefined;
    return value !== undefined && key.type in value;
  });
}

function detected(table: OpenTable, samples: readonly Item[], layouts: readonly Layout[]): ExportedTable | null {
  if (samples.length === 0) return null;
  const schemas = new Map(
    layouts
      .flatMap(({ tables }) => tables.flatMap(({ keys }) => keys ?? []))
      .filter((keys) => samples.every((item) => hasKeys(item, keys)))
      .map((keys) => [describeKeys(keys), keys]),
  );
  const found = [...schemas.values()].flatMap((keys): readonly ExportedTable[] => {
    const observed = { name: table.name, keys, indexes: [], ttl: { status: 'DISABLED', attribute: null } } as const;
    const { layout: id, role } = detectLayout(observed, samples, layouts);
    const layout = layouts.find((candidate) => candidate.id === id);
    const spec = layout?.tables.find((candidate) => candidate.role === role);
    return layout === undefined || spec === undefined ? [] : [{ layout, spec }];
  });
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const [named, other] = found.filter(({ layout, spec }) => ofName(layout, table)?.spec === spec);
  return named !== undefined && other === undefined ? named : null;
}
