import { awsError } from './errors.js';
import type { Json } from './json.js';
import type { RawError } from '../raw-client.js';

/** What to do with the requests that a rule is for. The first rule that is for a request has it. */
export interface FaultRule {
  /** Name of the operation, or `*` for all. */
  readonly operation: string;
  /** Only requests that name this table. */
  readonly table?: string;
  /** How many requests it is for; all when absent. */
  readonly times?: number;
  /** How many requests go by before the first it is for. */
  readonly after?: number;
  /** Only requests of which this is true. */
  readonly when?: (body: Json) => boolean;
  /** Milliseconds to wait first; alone, the request is then answered as usual. */
  readonly delayMs?: number;
  /** An error answer: as {@link awsFaults} makes them, or any name and message. */
  readonly error?: { readonly name: string; readonly message: string };
  /** HTTP status of the error; the usual one of its name when absent. */
  readonly status?: number;
  /** An HTML page with status 500 (or `status`), as a load balancer sends. */
  readonly html?: boolean;
  /** Closes the connection without an answer. */
  readonly dropConnection?: boolean;
  /** Of a BatchWriteItem, only so many requests are carried out; the rest comes back as UnprocessedItems. */
  readonly unprocessedAfter?: number;
  /** The answer itself, instead of the engine's; for what has no field of its own here. */
  readonly answer?: (body: Json) => Json;
}

export class Faults {
  readonly #rules: { readonly rule: FaultRule; seen: number }[] = [];

  /** Adds a rule; the function takes it away again. */
  add(rule: FaultRule): () => void {
    const entry = { rule, seen: 0 };
    this.#rules.push(entry);
    return () => {
      const index = this.#rules.indexOf(entry);
      if (index !== -1) this.#rules.splice(index, 1);
    };
  }

  /** The rule for a request, which counts it. */
  take(operation: string, tables: readonly string[], body: Json): FaultRule | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (rule.operation !== '*' && rule.operation !== operation) continue;
      if (rule.table !== undefined && !tables.includes(rule.table)) continue;
      if (rule.when !== undefined && !rule.when(body)) continue;
      entry.seen += 1;
      const first = rule.after ?? 0;
      if (entry.seen > first && entry.seen <= first + (rule.times ?? Infinity)) return rule;
    }
    return undefined;
  }
}

export const faultError = ({ error, status }: FaultRule): RawError =>
  awsError(error?.name ?? 'InternalServerError', error?.message ?? 'Internal server error', status);

/** The errors that any operation can meet, in the words of AWS. */
export const awsFaults = {
  accessDenied: (operation: string, table: string, region = 'eu-west-1', account = '123456789012') => ({
    name: 'AccessDeniedException',
    message: `User: arn:aws:iam::${account}:user/x is not authorized to perform: dynamodb:${operation} on resource: arn:aws:dynamodb:${region}:${account}:table/${table} because no identity-based policy allows the dynamodb:${operation} action`,
  }),
  expiredToken: {
    name: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  },
  unrecognizedClient: {
    name: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  },
  invalidSignature: {
    name: 'InvalidSignatureException',
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  },
  throughputExceeded: {
    name: 'ProvisionedThroughputExceededException',
    message:
      'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
  },
  throttling: { name: 'ThrottlingException', message: 'Rate exceeded' },
  limitExceeded: {
    name: 'LimitExceededException',
    message: 'Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously',
  },
  resourceInUse: (table: string) => ({
    name: 'ResourceInUseException',
    message: `Attempt to change a resource which is still in use: Table is being updated: ${table}`,
  }),
  requestLimitExceeded: {
    name: 'RequestLimitExceeded',
    message: 'Throughput exceeds the current throughput limit for your account.',
  },
  internalServerError: { name: 'InternalServerError', message: 'Internal server error' },
  serviceUnavailable: { name: 'ServiceUnavailable', message: 'Service unavailable' },
} as const;
