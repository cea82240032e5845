import type { ArchiveResult, ArchiveTable, tablesToArchive } from '../../operations/archive/archive.js';
import type { SkippedTable } from '../../operations/target.js';
import { formatSize } from '../../output/format-size.js';
import type { Page } from '../../output/page.js';
import type { View } from '../../output/view.js';
import { recordedAlarms } from '../alarm-text.js';

const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

const COLUMNS = ['path', 'table', 'role', 'items', 'files', 'bytes', 'sha256'] as const;

interface Shown {
  readonly path: string;
  readonly tables: readonly Omit<ArchiveTable, 'files' | 'bytes' | 'alarms'>[];
  readonly more: Readonly<Record<string, unknown>>;
  readonly human: (page: Page) => string;
}

function view({ path, tables, more, human }: Shown): View {
  const json = { archive: { path, tables }, ...more };
  return { json, lines: [json], columns: COLUMNS, records: tables.map((table) => ({ path, ...table })), human };
}

/** What an archive would hold, by DynamoDB's own counts. */
export function archivePlanView(
  path: string,
  tables: Awaited<ReturnType<typeof tablesToArchive>>,
  skipped: readonly SkippedTable[],
): View {
  return view({
    path,
    tables: tables.map(({ role, table }) => ({ role, table: table.name, items: table.itemCount, sha256: null })),
    more: { dryRun: true, skipped },
    human: (page) =>
      [
        ...tables.map(({ table }) => page.added(`about ${number(table.itemCount)} items of '${table.name}'`)),
        page.note(`would be written to ${path}; a dry run: nothing was written`),
      ].join('\n'),
  });
}

/** `resume` is the command that goes on; null when all is done. On AWS it is said when alarms could not be read. */
export function archiveView(
  result: ArchiveResult,
  skipped: readonly SkippedTable[],
  { resume, isAws }: { readonly resume: string | null; readonly isAws: boolean },
): View {
  const { path, tables, encrypted, readUnits, seconds, wasWhole } = result;
  const more = {
    dryRun: false,
    skipped,
    encrypted,
    capacity: { readUnits, writeUnits: 0 },
    seconds: Number(seconds.toFixed(3)),
    resume: resume === null ? null : { command: resume },
  };
  return view({
    path,
    tables,
    more,
    human: (page) => {
      const lines = tables.map(({ table, items, bytes }) => {
        const text = `${number(items)} items of '${table}', ${formatSize(bytes)}`;
        return resume === null ? page.success(text) : page.note(`${text} so far`);
      });
      if (resume !== null)
        return [...lines, page.warn('the archive is not finished; go on with:'), page.block(resume)].join('\n');
      return [
        ...lines,
        ...tables.flatMap(({ table, alarms }) =>
          alarms === null && !isAws ? [] : recordedAlarms(page, table, alarms),
        ),
        page.note(`archive${encrypted ? ', encrypted' : ''}: ${path}`),
        wasWhole
          ? page.note('it is whole already; nothing was left to do')
          : page.note(`${number(readUnits)} read ${readUnits === 1 ? 'unit' : 'units'}, ${seconds.toFixed(1)} s`),
      ].join('\n');
    },
  });
}
