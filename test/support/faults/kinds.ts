import { awsError } from '../double/errors.js';
import { awsFaults } from '../double/faults.js';
import type { Json } from '../raw-client.js';
import { type Answer, errorOf } from './answers.js';
import type { StatementError } from './batches.js';
import { chance, chosen } from './chance.js';

/** What can befall a call. */
export const FAULTS = [
  'throughput',
  'throttling',
  'request-limit',
  'unprocessed',
  'statement',
  'server-error',
  'reset-before',
  'reset-after',
  'half-body',
  'stall',
  'trickle',
  'expired',
  'skew',
] as const;

export type FaultKind = (typeof FAULTS)[number];

const BATCHES = new Set(['BatchWriteItem', 'BatchGetItem']);

/** Whether a fault can befall an operation. */
export function befalls(kind: FaultKind, operation: string): boolean {
  if (kind === 'unprocessed') return BATCHES.has(operation);
  if (kind === 'statement') return operation === 'BatchExecuteStatement';
  return true;
}

const IS_READ = /^(?:Get|BatchGet|Query|Scan)/;

/** Why a call was throttled, as the newer answers of DynamoDB tell beside the message. */
const reasons = (operation: string, limit: string): Json[] => [
  {
    reason: `Table${IS_READ.test(operation) ? 'Read' : 'Write'}${limit}`,
    resource: 'arn:aws:dynamodb:eu-west-1:123456789012:table/any',
  },
];

const fault = (name: keyof Omit<typeof awsFaults, 'accessDenied' | 'resourceInUse'>, more: Json = {}): Answer =>
  errorOf(awsError(awsFaults[name].name, awsFaults[name].message), more);

/** The error answers; null for a fault that is no error answer. */
export function errorFor(kind: FaultKind, operation: string, words: readonly (string | number)[]): Answer | null {
  const roll = chance('which error', ...words);
  switch (kind) {
    case 'throughput': {
      const why = reasons(operation, roll < 0.25 ? 'ProvisionedThroughputExceeded' : 'KeyRangeThroughputExceeded');
      return fault('throughputExceeded', roll < 0.5 ? { ThrottlingReasons: why } : {});
    }
    case 'throttling': {
      const why = reasons(operation, roll < 0.25 ? 'MaxOnDemandThroughputExceeded' : 'AccountLimitExceeded');
      return fault('throttling', roll < 0.5 ? { throttlingReasons: why } : {});
    }
    case 'request-limit':
      return fault(
        'requestLimitExceeded',
        roll < 0.5 ? { ThrottlingReasons: reasons(operation, 'AccountLimitExceeded') } : {},
      );
    case 'server-error':
      if (roll < 0.4) return fault('internalServerError');
      if (roll < 0.8) return fault('serviceUnavailable');
      return { status: 502, body: '<html><h1>502 Bad Gateway</h1></html>', headers: { 'content-type': 'text/html' } };
    default:
      return null;
  }
}

/** The errors that one statement of a batch may have while others are carried out. */
const STATEMENT_ERRORS: readonly StatementError[] = [
  { Code: 'ProvisionedThroughputExceeded', Message: 'The level of configured provisioned throughput was exceeded' },
  { Code: 'ThrottlingError', Message: 'Rate exceeded' },
  { Code: 'RequestLimitExceeded', Message: 'Throughput exceeds the current throughput limit for your account' },
  { Code: 'InternalServerError', Message: 'Internal server error' },
  { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
];

export const THROTTLED_STATEMENT: StatementError = {
  Code: 'ProvisionedThroughputExceeded',
  Message: 'The level of configured provisioned throughput was exceeded',
};

export const statementError = (words: readonly (string | number)[]): StatementError =>
  chosen(STATEMENT_ERRORS, chance('which statement error', ...words)) ?? THROTTLED_STATEMENT;
