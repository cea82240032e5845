import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RawError, rawClient } from '../raw-client.js';
import { describeAlarms } from './alarms.js';
import { createBackup, deleteBackup, describeBackup, listBackups } from './backups.js';
import { awsError } from './errors.js';
import { describeExport, describeImport, exportTable, importTable, listExports, listImports } from './exports.js';
import { faultError, type FaultRule, Faults } from './faults.js';
import { isJson, type Json } from './json.js';
import { describeContinuousBackups, updateContinuousBackups } from './recovery.js';
import { refuseUnready, splitBatch, tablesOf, withTableName } from './requests.js';
import { restoreTableFromBackup, restoreTableToPointInTime } from './restores.js';
import type { DoubleContext, Handler } from './state.js';
import { answerStream, ShardedStream } from './streams.js';
import { createTable, deleteTable, describe, describeLimits, listTables } from './tables.js';
import { listTagsOfResource, tagResource, untagResource } from './tags.js';
import { describeTimeToLive, updateTimeToLive } from './ttl.js';
import { updateTable } from './update-table.js';

/** The operations that the double answers; it passes all others on to the engine. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  CreateBackup: createBackup,
  CreateTable: createTable,
  DeleteBackup: deleteBackup,
  DeleteTable: deleteTable,
  DescribeAlarms: describeAlarms,
  DescribeBackup: describeBackup,
  DescribeExport: describeExport,
  DescribeImport: describeImport,
  DescribeContinuousBackups: describeContinuousBackups,
  DescribeLimits: describeLimits,
  DescribeTable: describe,
  DescribeTimeToLive: describeTimeToLive,
  ExportTableToPointInTime: exportTable,
  ImportTable: importTable,
  ListBackups: listBackups,
  ListExports: listExports,
  ListImports: listImports,
  ListTables: listTables,
  ListTagsOfResource: listTagsOfResource,
  RestoreTableFromBackup: restoreTableFromBackup,
  RestoreTableToPointInTime: restoreTableToPointInTime,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateContinuousBackups: updateContinuousBackups,
  UpdateTable: updateTable,
  UpdateTimeToLive: updateTimeToLive,
};

/** One request as the double got it. */
export interface Call {
  readonly operation: string;
  readonly body: Json;
}

/** The engine has one account and one region of its own in its ARNs. */
const ENGINE_ARN = 'arn:aws:dynamodb:dynoxide:000000000000:';

export class DoubleServer {
  readonly calls: Call[] = [];
  readonly faults = new Faults();
  readonly #context: DoubleContext;
  readonly #engineEndpoint: string;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(engineEndpoint: string, context: Omit<DoubleContext, 'engine'>) {
    this.#engineEndpoint = engineEndpoint;
    const client = rawClient(engineEndpoint);
    const engine = async (operation: string, body: Json): Promise<Json> =>
      this.#translate(await client.call<string>(operation, this.#untranslate(body)));
    this.#context = { ...context, engine };
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the AWS double has no port');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Divides the stream that a table has into shards. */
  async shard(table: string): Promise<ShardedStream> {
    const stream = await ShardedStream.of(this.#context, table);
    this.#context.streams.set(table, stream);
    return stream;
  }

  get #arn(): string {
    return `arn:aws:dynamodb:${this.#context.region}:${this.#context.account}:`;
  }

  #replaced(body: Json, from: string, to: string): Json {
    const text = JSON.stringify(body);
    if (!text.includes(from)) return body;
    const parsed: unknown = JSON.parse(text.replaceAll(from, to));
    return isJson(parsed) ? parsed : body;
  }

  #translate(body: Json): Json {
    return this.#replaced(body, ENGINE_ARN, this.#arn);
  }

  #untranslate(body: Json): Json {
    return this.#replaced(body, this.#arn, ENGINE_ARN);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
      await this.#answer(request, Buffer.concat(chunks).toString('utf8'), response);
    } catch (error) {
      if (!response.headersSent) answerError(response, error);
    }
  }

  async #answer(request: IncomingMessage, text: string, response: ServerResponse): Promise<void> {
    const target = String(request.headers['x-amz-target'] ?? '');
    const form = new URLSearchParams(target === '' ? text : '');
    const operation = target === '' ? (form.get('Action') ?? '') : target.replace(/^.*\./, '');
    const body = target === '' ? Object.fromEntries(form) : parseBody(text);
    this.calls.push({ operation, body });
    const fault = this.faults.take(operation, tablesOf(body), body);
    if (fault !== undefined && (await this.#fail(fault, operation, body, response))) return;
    if (operation === 'GetCallerIdentity') {
      answerIdentity(response, this.#context.account);
      return;
    }
    if (target === '') throw awsError('UnknownOperationException', '', request.method === 'POST' ? 400 : 404);
    const handler = HANDLERS[operation];
    const named = withTableName(body);
    if (handler !== undefined) {
      answerJson(response, await handler(this.#context, named));
      return;
    }
    if (target.startsWith('DynamoDBStreams')) {
      const answer = await answerStream(this.#context, operation, body);
      answerJson(response, answer ?? (await this.#context.engine(operation, body)));
      return;
    }
    refuseUnready(this.#context, named);
    await this.#passOn(request, named === body ? text : JSON.stringify(named), response);
  }

  /** Does what a rule says; false when the request is to be answered as usual afterwards. */
  async #fail(rule: FaultRule, operation: string, body: Json, response: ServerResponse): Promise<boolean> {
    if (rule.delayMs !== undefined) await sleep(rule.delayMs, undefined, { ref: false });
    if (rule.dropConnection === true) {
      response.destroy();
      return true;
    }
    if (rule.html === true) {
      response.writeHead(rule.status ?? 500, { 'content-type': 'text/html' });
      response.end('<html><body><h1>500 Internal Server Error</h1></body></html>');
      return true;
    }
    if (rule.answer !== undefined) {
      answerJson(response, rule.answer(body));
      return true;
    }
    if (rule.unprocessedAfter !== undefined) {
      const { done, rest } = splitBatch(body, rule.unprocessedAfter);
      const some = Object.keys(done).length > 0;
      const answer = some ? await this.#context.engine(operation, { ...body, RequestItems: done }) : {};
      answerJson(response, { ...answer, UnprocessedItems: rest });
      return true;
    }
    if (rule.error !== undefined || rule.status !== undefined) throw faultError(rule);
    return false;
  }

  /** Sends the request to the engine as it is, and its answer back as it is. */
  async #passOn(request: IncomingMessage, text: string, response: ServerResponse): Promise<void> {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string' && !/^(host|connection|content-length|expect|transfer-encoding)$/.test(name)) {
        headers.set(name, value);
      }
    }
    const answer = await fetch(this.#engineEndpoint, { method: 'POST', headers, body: text });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const kept = [...answer.headers].filter(
      ([name]) => !/^(connection|content-length|content-encoding|transfer-encoding)$/.test(name),
    );
    response.writeHead(answer.status, Object.fromEntries(kept));
    response.end(bytes);
  }
}

function parseBody(text: string): Json {
  try {
    const parsed: unknown = JSON.parse(text === '' ? '{}' : text);
    if (isJson(parsed)) return parsed;
  } catch {
    // Answered below, as AWS does.
  }
  throw awsError('SerializationException', 'Start of structure or map found where not expected.');
}

function answerJson(response: ServerResponse, body: Json, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'DOUBLE' });
  response.end(JSON.stringify(body));
}

const isRawError = (error: unknown): error is RawError =>
  error instanceof Error && 'type' in error && 'status' in error;

function answerError(response: ServerResponse, error: unknown): void {
  if (!isRawError(error)) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    answerJson(response, { __type: 'FailureOfTheDouble', message: detail }, 501);
    return;
  }
  // AWS writes the message of a refused permission with a capital letter.
  const member = error.name === 'AccessDeniedException' ? 'Message' : 'message';
  answerJson(response, { __type: error.type, [member]: error.message }, error.status);
}

function answerIdentity(response: ServerResponse, account: string): void {
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/x</Arn><UserId>AIDAEXAMPLE</UserId><Account>${account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>DOUBLE</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  );
}
