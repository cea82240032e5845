import type { ErrorCode } from '../errors.js';

/** Where a call went, for messages. */
export interface CallSite {
  readonly operation: string;
  readonly table: string | null;
  readonly region: string;
  /** null for AWS itself. */
  readonly endpoint: string | null;
}

export const place = ({ region, endpoint }: CallSite): string =>
  endpoint === null ? region : `${region} at ${endpoint}`;

export const target = (site: CallSite): string =>
  site.table === null ? `in ${place(site)}` : `on table '${site.table}' in ${place(site)}`;

export interface AwsFailure {
  readonly name: string;
  readonly message: string;
  /** Node's code of a network error: ECONNREFUSED, ENOTFOUND, … */
  readonly code: string | null;
  readonly status: number | null;
}

const text = (value: object, key: string): string | null => {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : null;
};

export function failureOf(error: unknown): AwsFailure {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error), code: null, status: null };
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : null;
  // Node tries each address of a host; an AggregateError carries the code but no message.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return {
    name: error.name,
    message: error.message === '' ? inner.message : error.message,
    code: text(error, 'code') ?? text(inner, 'code'),
    status: typeof status === 'number' ? status : null,
  };
}

export type Explain = (
  failure: AwsFailure,
  site: CallSite,
) => { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
