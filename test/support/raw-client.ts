import type * as sdk from '@aws-sdk/client-dynamodb';

/** A JSON object as it is on the wire. */
export type Json = { readonly [key: string]: unknown };

/** An SDK shape as it is on the wire: times are epoch seconds, binary is base64 text. */
type Wire<T> = T extends Date
  ? number
  : T extends Uint8Array
    ? string
    : T extends readonly (infer Element)[]
      ? Wire<Element>[]
      : T extends object
        ? { [Key in keyof T]: Wire<T[Key]> }
        : T;

interface Outputs {
  BatchGetItem: sdk.BatchGetItemOutput;
  BatchWriteItem: sdk.BatchWriteItemOutput;
  CreateBackup: sdk.CreateBackupOutput;
  CreateTable: sdk.CreateTableOutput;
  DeleteBackup: sdk.DeleteBackupOutput;
  DeleteItem: sdk.DeleteItemOutput;
  DeleteTable: sdk.DeleteTableOutput;
  DescribeBackup: sdk.DescribeBackupOutput;
  DescribeContinuousBackups: sdk.DescribeContinuousBackupsOutput;
  DescribeExport: sdk.DescribeExportOutput;
  DescribeImport: sdk.DescribeImportOutput;
  DescribeLimits: sdk.DescribeLimitsOutput;
  DescribeTable: sdk.DescribeTableOutput;
  DescribeTimeToLive: sdk.DescribeTimeToLiveOutput;
  ExportTableToPointInTime: sdk.ExportTableToPointInTimeOutput;
  GetItem: sdk.GetItemOutput;
  ImportTable: sdk.ImportTableOutput;
  ListBackups: sdk.ListBackupsOutput;
  ListExports: sdk.ListExportsOutput;
  ListImports: sdk.ListImportsOutput;
  ListTables: sdk.ListTablesOutput;
  ListTagsOfResource: sdk.ListTagsOfResourceOutput;
  PutItem: sdk.PutItemOutput;
  Query: sdk.QueryOutput;
  RestoreTableFromBackup: sdk.RestoreTableFromBackupOutput;
  RestoreTableToPointInTime: sdk.RestoreTableToPointInTimeOutput;
  Scan: sdk.ScanOutput;
  TagResource: object;
  UntagResource: object;
  UpdateContinuousBackups: sdk.UpdateContinuousBackupsOutput;
  UpdateItem: sdk.UpdateItemOutput;
  UpdateTable: sdk.UpdateTableOutput;
  UpdateTimeToLive: sdk.UpdateTimeToLiveOutput;
}

/** What an operation answers on the wire; any JSON object for an operation that is not listed. */
type Answer<Operation extends string> = Operation extends keyof Outputs ? Wire<Outputs[Operation]> : Json;

/** An error answer: `name` is the tail of `__type`, `type` all of it. */
export class RawError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status: number) {
    super(message);
    this.type = type;
    this.name = type.replace(/^.*#/, '');
    this.status = status;
  }
}

export interface RawClient {
  /** Sends one DynamoDB (or DynamoDB Streams) operation and gives its JSON answer, or throws a {@link RawError}. */
  call<Operation extends string>(operation: Operation, body?: object): Promise<Answer<Operation>>;
}

const STREAM_OPERATIONS = new Set(['ListStreams', 'DescribeStream', 'GetShardIterator', 'GetRecords']);

/** The value of the header `X-Amz-Target` for an operation. */
const targetOf = (operation: string): string =>
  `${STREAM_OPERATIONS.has(operation) ? 'DynamoDBStreams' : 'DynamoDB'}_20120810.${operation}`;

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function parse(text: string, status: number): Json {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isJson(parsed)) return parsed;
  } catch {
    // Not JSON: reported below.
  }
  throw new RawError('NotJson', `HTTP ${status} with a body that is no JSON object: ${text.slice(0, 200)}`, status);
}

/** The smallest possible DynamoDB client: no retries, no signing, nothing of the product or of the SDK. */
export function rawClient(endpoint: string): RawClient {
  return {
    async call<Operation extends string>(operation: Operation, body: object = {}) {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': targetOf(operation),
          'x-amz-date': '20260101T000000Z',
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=test',
        },
        body: JSON.stringify(body),
      });
      const json = parse(await response.text(), response.status);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test states what it expects the server to answer
      if (response.ok) return json as Answer<Operation>;
      const message = textOf(json['message']) ?? textOf(json['Message']) ?? '';
      throw new RawError(textOf(json['__type']) ?? 'UnknownError', message, response.status);
    },
  };
}
