import { stringify } from 'csv-stringify/sync';

/**
 * What a spreadsheet runs when it opens the file. Ids may well begin with a hyphen or a plus: those that call nothing stay
 * as they are.
 */
const FORMULA = /^(?:[=@\t\r]|[+-][^]*[(!|])/;

/**
 * CSV of RFC 4180: a header, lines ended by CR LF, fields quoted where needed. Absent values are empty, booleans are
 * `true` and `false`, objects and lists are JSON; a text that a spreadsheet would run has a `'` before it. Without its header it goes on with a text that has it.
 */
export function csvText(
  columns: readonly string[],
  records: readonly Readonly<Record<string, unknown>>[],
  text: (value: string) => string,
  hasHeader = true,
): string {
  const field = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'string') return text(FORMULA.test(value) ? `'${value}` : value);
    return text(typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : plain(value));
  };
  const rows = records.map((record) => columns.map((column) => field(record[column])));
  return stringify(hasHeader ? [columns.map(text), ...rows] : rows, {
    record_delimiter: 'windows',
    // The library looks for its own record delimiter only.
    quoted_match: /[\r\n]/,
    // With a single column an empty field would be an empty line, which readers skip.
    quoted_empty: columns.length === 1,
  });
}

function plain(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
