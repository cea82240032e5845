import type { View } from '../output/view.js';
import { describeBilling, describeIndex, describeKeys } from '../schema/describe.js';
import type { Detection } from '../schema/detect.js';
import type { Layout } from '../schema/types.js';

export function layoutListView(layouts: readonly Layout[]): View {
  const rows = layouts.map(({ id, title, tables, purge }) => ({
    id,
    title,
    tables: tables.map(({ defaultName }) => defaultName),
    purgeSafe: purge.safe,
  }));
  return {
    json: { layouts: rows },
    lines: rows,
    columns: ['id', 'title', 'tables', 'purgeSafe'],
    records: rows.map((row) => ({ ...row, tables: row.tables.join(' ') })),
    human: (page) =>
      page.table(
        [
          { key: 'id', title: 'Id' },
          { key: 'title', title: 'Title', truncate: 'end', min: 24 },
          { key: 'tables', title: 'Default tables', wrap: true, min: 16 },
        ],
        rows.map(({ id, title, tables }) => ({ id, title, tables: tables.join(', ') })),
        '`mcp-sessions layouts show <id>`',
      ),
  };
}

/** A layout without its functions: what a configuration file can hold. */
function plainLayout(layout: Layout): object {
  return JSON.parse(JSON.stringify(layout));
}

export function layoutView(layout: Layout): View {
  const plain = plainLayout(layout);
  return {
    json: plain,
    lines: [plain],
    columns: ['id', 'title', 'tables'],
    records: [{ id: layout.id, title: layout.title, tables: layout.tables }],
    human: (page) =>
      [
        page.heading(`${layout.id}: ${layout.title}`),
        page.note(layout.description),
        ...layout.tables.map((table) =>
          [
            '',
            page.heading(`${table.role} table`),
            page.properties([
              ['Name', [table.defaultName, ...table.environmentVariables.map((name) => `$${name}`)].join(', ')],
              ['Keys', table.keys === null ? "the table's own" : describeKeys(table.keys)],
              ...(table.indexes.length === 0
                ? [['Indexes', 'none'] as const]
                : table.indexes.map(
                    (index, at) => [at === 0 ? 'Indexes' : '', `${index.name}: ${describeIndex(index)}`] as const,
                  )),
              ['TTL', table.ttl?.attribute ?? 'left as it is'],
              ['Stream', table.stream ?? 'left as it is'],
              ['Billing', table.billing === null ? 'left as it is' : describeBilling(table.billing)],
              [
                'Tags',
                Object.entries(table.tags)
                  .map(([key, value]) => `${key}=${value}`)
                  .join(', ') || 'none',
              ],
              ['Attributes', table.attributes.map(({ names }) => names.join(' or ')).join(', ') || 'any'],
            ]),
          ].join('\n'),
        ),
        '',
        page.heading('Sessions'),
        page.properties([
          ['Created', timeText(layout.session.createdAt)],
          ['Last activity', timeText(layout.session.lastActivityAt)],
          ['Expires', timeText(layout.session.expiresAt)],
          [
            'Terminated',
            layout.session.terminated === null ? 'not recorded' : layout.session.terminated.path.join('.'),
          ],
          ['Purge', `${layout.purge.safe ? 'safe' : 'not safe'}: ${layout.purge.reason}`],
        ]),
      ].join('\n'),
  };
}

const UNITS = {
  s: 'epoch seconds',
  ms: 'epoch milliseconds',
  us: 'epoch microseconds',
  iso: 'ISO 8601',
  auto: 'as found',
} as const;

const timeText = (field: Layout['session']['createdAt']): string =>
  field === null ? 'not recorded' : `${field.paths.map((path) => path.join('.')).join(' or ')} (${UNITS[field.unit]})`;

export function detectionView(detection: Detection): View {
  const { table, layout, role, confidence, why, candidates } = detection;
  return {
    json: { table, layout, role, confidence, why, candidates },
    columns: ['table', 'layout', 'role', 'confidence', 'why'],
    lines: [detection],
    records: [{ table, layout: layout ?? '', role: role ?? '', confidence, why: why.join('; ') }],
    human: (page) => {
      const known = candidates.filter((candidate) => candidate.layout !== layout || candidate.role !== role);
      const verdict =
        layout === null
          ? page.warn(`${table}: no layout is certain`)
          : page.success(`${table}: ${layout} (${confidence})`);
      return [
        verdict,
        ...why.map((reason) => page.bullet(reason)),
        ...(known.length === 0 ? [] : ['', page.heading('Also looked at')]),
        ...known.map(({ title, layout: id, for: pro, against }) =>
          page.bullet(`${id ?? title}: ${[...pro, ...against.map((reason) => `but ${reason}`)].join(', ')}`),
        ),
      ].join('\n');
    },
  };
}
