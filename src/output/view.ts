import type { Page } from './page.js';

export type OutputFormat = 'table' | 'json' | 'ndjson' | 'csv' | 'yaml';

/** A result in every form that it can be asked for. Plain data; nothing is formatted before it is needed. */
export interface View {
  /** The object that the contract names: `json` and `yaml`. */
  readonly json: unknown;
  /** `csv`: a record a line, all with the same keys in the same order. A value that is no scalar is written as JSON. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** The keys of the records, so that `csv` has its header also when there is no record. */
  readonly columns?: readonly string[];
  /** `ndjson`: a value a line; the records when absent. */
  readonly lines?: readonly unknown[];
  /** `table`: text for people. */
  human(page: Page): string;
}
