import type { Page } from './page.js';
import { safeJson, safePage, safeText } from './safe-text.js';
import type { OutputFormat, View } from './view.js';

type Reporter = (view: View, page: Page) => string | Promise<string>;

type Rows = Pick<View, 'records' | 'columns' | 'lines'>;

const linesText = ({ lines, records }: Rows): string =>
  (lines ?? records).map((value) => `${jsonLine(value)}\n`).join('');

async function recordsText({ records, columns: given }: Rows, page: Page, hasHeader: boolean): Promise<string> {
  const columns = given ?? Object.keys(records[0] ?? {});
  if (columns.length === 0) return '';
  const { csvText } = await import('./csv-text.js');
  // CSV has no escapes: programs get the exact text, a person's terminal the harmless one.
  return csvText(columns, records, page.width === undefined ? (text) => text : safeText, hasHeader);
}

const REPORTERS = {
  table: (view, page) => {
    const text = safePage(view.human(page), page.color).trimEnd();
    return text === '' ? '' : `${text}\n`;
  },
  json: (view) => `${safeJson(JSON.stringify(view.json, null, 2) ?? 'null')}\n`,
  ndjson: linesText,
  csv: (view, page) => recordsText(view, page, true),
  yaml: async (view) => {
    const { yamlText } = await import('./yaml-text.js');
    // By way of JSON, so that both formats agree on dates and on what is absent.
    return yamlText(JSON.parse(JSON.stringify(view.json) ?? 'null'));
  },
} as const satisfies Record<OutputFormat, Reporter>;

/** Every output format, as `--output` takes them. */
export const OUTPUT_FORMATS = Object.keys(REPORTERS).filter((name): name is OutputFormat => name in REPORTERS);

/** True for the formats that programs read: no colour, and errors as JSON. */
export function isMachineFormat(format: OutputFormat): boolean {
  return format !== 'table';
}

/** A value as one line of JSON without a line feed; for events that arrive one by one. */
export function jsonLine(value: unknown): string {
  return safeJson(JSON.stringify(value) ?? 'null');
}

/** The text of a result for stdout, ended by a line feed, or empty when there is nothing to say. */
export async function render(view: View, format: OutputFormat, page: Page): Promise<string> {
  return REPORTERS[format](view, page);
}

/** The formats of which a part is worth something without the rest. */
export type StreamFormat = Extract<OutputFormat, 'ndjson' | 'csv'>;

export const isStreamFormat = (format: OutputFormat): format is StreamFormat => format === 'ndjson' || format === 'csv';

/** Some rows of a result that comes bit by bit; `isFirst` for those at its beginning, where CSV has its header. */
export async function renderRows(rows: Rows, format: StreamFormat, page: Page, isFirst: boolean): Promise<string> {
  return format === 'ndjson' ? linesText(rows) : recordsText(rows, page, isFirst);
}
