import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { awsError } from './double/errors.js';
import { awsFaults } from './double/faults.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from './double/json.js';
import { type Answer, answerOf, errorOf, headersOf, send } from './faults/answers.js';
import { completed, type Part, partsOf, withParts } from './faults/batches.js';
import { type BucketOptions, PartitionBuckets } from './faults/bucket.js';
import { chance, chosen, someOf } from './faults/chance.js';
import { befalls, errorFor, type FaultKind, statementError, THROTTLED_STATEMENT } from './faults/kinds.js';
import { isJson, rawClient } from './raw-client.js';

export { FAULTS, type FaultKind } from './faults/kinds.js';

export interface FaultProxyOptions {
  readonly engineEndpoint: string;
  /** The same seed does the same to the n-th call of an operation. */
  readonly seed: number;
  /** The share of calls, 0 to 1, that something befalls. */
  readonly rate: number;
  readonly kinds: readonly FaultKind[];
  /** Only calls of these operations; all when left out. */
  readonly operations?: RegExp;
  /** What partitions bear; without it they bear everything. */
  readonly bucket?: BucketOptions;
  /** How long a stall lasts, in milliseconds; Infinity: no answer comes. 20 to 300 when left out. */
  readonly stallMs?: number;
  /** Milliseconds between the pieces of an answer that trickles. */
  readonly trickleMs?: number;
  /** Credentials that expire, one after the other; one when left out. */
  readonly expiries?: number;
}

/** What was done to a call, to explain a run by. */
export interface Injection {
  readonly kind: FaultKind;
  readonly operation: string;
  /** The call's number among those of its operation. */
  readonly nth: number;
  /** Whether the engine had carried the call out, at least in part. */
  readonly acted: boolean;
}

export interface FaultProxy {
  readonly endpoint: string;
  readonly injected: readonly Injection[];
  /** Calls that came, attempts each. */
  readonly calls: () => number;
  readonly buckets: PartitionBuckets | null;
  /** From here on nothing befalls calls. */
  readonly calm: () => void;
  /** Called before each call is carried out. */
  onCall: (operation: string, body: Json) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Half an hour: AWS bears a few minutes. */
const SKEW_MS = 1_800_000;
const BORNE_SKEW_MS = 300_000;

interface Call {
  readonly operation: string;
  readonly nth: number;
  readonly body: Json;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

class FaultServer implements FaultProxy {
  endpoint = '';
  readonly injected: Injection[] = [];
  readonly buckets: PartitionBuckets | null;
  onCall: FaultProxy['onCall'] = async () => {};
  readonly #options: FaultProxyOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128 });
  readonly #counts = new Map<string, number>();
  readonly #expired = new Set<string>();
  readonly #keys = new Map<string, Promise<string>>();
  readonly #server = createServer((incoming, response) => void this.#serve(incoming, response));
  #isCalm = false;
  #skewMs = 0;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.buckets = options.bucket === undefined ? null : new PartitionBuckets(options.bucket);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the fault proxy has no port');
    this.endpoint = `http://127.0.0.1:${address.port}`;
  }

  readonly stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  };

  readonly calls = (): number => [...this.#counts.values()].reduce((sum, count) => sum + count, 0);

  readonly calm = (): void => {
    this.#isCalm = true;
    this.#skewMs = 0;
    this.#expired.clear();
  };

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk);
      const operation = String(incoming.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
      const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
      const nth = (this.#counts.get(operation) ?? 0) + 1;
      this.#counts.set(operation, nth);
      const body = isJson(parsed) ? parsed : {};
      await this.onCall(operation, body);
      await this.#answer({ operation, nth, body, request: incoming, response });
    } catch (error) {
      // Whoever called has gone, or the engine has: a connection without an answer either way.
      response.destroy(error instanceof Error ? error : undefined);
    }
  }

  get #now(): number {
    return Date.now() + this.#skewMs;
  }

  async #answer(call: Call): Promise<void> {
    const kind = this.#kindFor(call);
    if (kind === 'expired') this.#expired.add(identityOf(call.request));
    if (kind === 'skew') this.#skewMs = this.#skewMs === 0 ? SKEW_MS : 0;
    const refusal = this.#refusal(call);
    if (refusal !== null) {
      if (kind !== null) this.#note(kind, call, false);
      send(call.response, refusal, this.#now);
      return;
    }
    if (kind === null || kind === 'expired' || kind === 'skew') {
      send(call.response, await this.#carryOut(call), this.#now);
      return;
    }
    await this.#inject(kind, call);
  }

  /** What befalls a call; null for nothing. */
  #kindFor({ operation, nth }: Call): FaultKind | null {
    const { seed, rate, kinds, operations, expiries = 1 } = this.#options;
    if (this.#isCalm || operations?.test(operation) === false) return null;
    if (chance(seed, operation, nth, 'whether') >= rate) return null;
    const able = kinds.filter((kind) => befalls(kind, operation));
    const kind = chosen(able, chance(seed, operation, nth, 'what')) ?? null;
    return kind === 'expired' && this.#expired.size >= expiries ? null : kind;
  }

  /** Credentials and signatures are looked at before anything else. */
  #refusal({ request: incoming }: Call): Answer | null {
    if (this.#expired.has(identityOf(incoming)))
      return errorOf(awsError(awsFaults.expiredToken.name, awsFaults.expiredToken.message));
    const signed = signedAt(incoming);
    if (signed === null || !this.#options.kinds.includes('skew')) return null;
    const off = signed - this.#now;
    if (Math.abs(off) <= BORNE_SKEW_MS) return null;
    const [at, now] = [amzDate(signed), amzDate(this.#now)];
    const message =
      off < 0
        ? `Signature expired: ${at} is now earlier than ${amzDate(this.#now - BORNE_SKEW_MS)} (${now} - 5 min.)`
        : `Signature not yet current: ${at} is still later than ${amzDate(this.#now + BORNE_SKEW_MS)} (${now} + 5 min.)`;
    return errorOf(awsError('InvalidSignatureException', message));
  }

  #note(kind: FaultKind, { operation, nth }: Call, acted: boolean): void {
    this.injected.push({ kind, operation, nth, acted });
  }

  async #inject(kind: FaultKind, call: Call): Promise<void> {
    const { operation, nth, response } = call;
    const words = [this.#options.seed, operation, nth];
    const error = errorFor(kind, operation, words);
    if (error !== null) {
      // A 5xx answer says nothing of whether the call was carried out.
      const acted = kind === 'server-error' && chance('acted', ...words) < 0.5;
      this.#note(kind, call, acted);
      if (acted) await this.#carryOut(call);
      return send(response, error, this.#now);
    }
    if (kind === 'unprocessed' || kind === 'statement') {
      this.#note(kind, call, true);
      const left = someOf(partsOf(operation, call.body)?.length ?? 0, ...words);
      return send(response, await this.#carryOutSome(call, left, statementError(words)), this.#now);
    }
    this.#note(kind, call, kind !== 'reset-before' && kind !== 'stall');
    if (kind === 'reset-before') return void response.destroy();
    if (kind === 'stall') await this.#stall(words);
    const answer = await this.#carryOut(call);
    if (kind === 'reset-after') return void response.destroy();
    if (kind === 'stall') return send(response, answer, this.#now);
    return this.#sendInPieces(response, answer, kind === 'half-body');
  }

  async #stall(words: readonly (string | number)[]): Promise<void> {
    const { stallMs = 20 + 280 * chance('stall', ...words) } = this.#options;
    if (stallMs === Infinity) await new Promise(() => {});
    await sleep(stallMs, undefined, { ref: false });
  }

  async #sendInPieces(response: ServerResponse, answer: Answer, isHalf: boolean): Promise<void> {
    const bytes = Buffer.from(answer.body);
    response.writeHead(answer.status, headersOf(answer, this.#now));
    if (isHalf) {
      // Gone once it is on the wire: the other side must have begun to read.
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
      return;
    }
    const { trickleMs = 5 } = this.#options;
    const size = Math.ceil(bytes.length / 20);
    for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
      response.write(bytes.subarray(at, at + size));
      await sleep(trickleMs, undefined, { ref: false });
    }
    response.end();
  }

  /** The engine's answer, as far as the partitions bear the call. */
  async #carryOut(call: Call): Promise<Answer> {
    if (this.buckets === null) return this.#toEngine(call, call.body);
    const parts = partsOf(call.operation, call.body);
    return parts === null ? this.#carryOutPaid(call) : this.#carryOutSome(call, new Set(), THROTTLED_STATEMENT);
  }

  /** A batch without some of its items, and without those whose partition bears no more. */
  async #carryOutSome(call: Call, without: ReadonlySet<number>, error = THROTTLED_STATEMENT): Promise<Answer> {
    const { operation, body } = call;
    const parts = partsOf(operation, body) ?? [];
    const way = operation === 'BatchGetItem' ? 'read' : 'write';
    const buckets = await Promise.all(parts.map((part) => this.#bucketOf(operation, part)));
    const left = new Set(without);
    for (const [at, bucket] of buckets.entries())
      if (!left.has(at) && this.buckets?.isOpen(way, bucket) === false) left.add(at);
    const asked = parts.filter((_, at) => !left.has(at));
    if (asked.length === 0 && without.size === 0 && operation !== 'BatchExecuteStatement') return throughputExceeded();
    if (asked.length === 0) return answerOf(completed(operation, body, parts, left, null, error));
    const answer = await this.#toEngine(call, withParts(operation, body, asked));
    if (answer.status !== 200) return answer;
    const got: unknown = JSON.parse(answer.body);
    if (!isJson(got)) return answer;
    const paid = buckets.filter((_, at) => !left.has(at));
    this.buckets?.pay(way, paid, unitsOf(got, paid.length));
    return left.size === 0 ? answer : answerOf(completed(operation, body, parts, left, got, error));
  }

  /** A call of one item, or a page of a scan or query, which comes from one partition. */
  async #carryOutPaid(call: Call): Promise<Answer> {
    const { operation, body } = call;
    const way = /^(?:GetItem|Query|Scan)$/.test(operation) ? 'read' : 'write';
    if (way === 'write' && !/^(?:Put|Delete|Update)Item$/.test(operation)) return this.#toEngine(call, body);
    const table = textIn(body, 'TableName') ?? '';
    const start = objectIn(body, 'Key') ?? objectIn(body, 'Item') ?? objectIn(body, 'ExclusiveStartKey');
    const part = { table, request: start ?? objectIn(body, 'ExpressionAttributeValues') ?? {} };
    const bucket = await this.#bucketOf(operation, part);
    if (this.buckets?.isOpen(way, bucket) === false) return throughputExceeded();
    const answer = await this.#toEngine(call, body);
    const got: unknown = answer.status === 200 ? JSON.parse(answer.body) : null;
    if (isJson(got)) this.buckets?.pay(way, [bucket], unitsOf(got, 1));
    return answer;
  }

  async #bucketOf(operation: string, { table, request: asked }: Part): Promise<string> {
    if (this.buckets === null) return '';
    const [parameter] = Array.isArray(asked['Parameters']) ? asked['Parameters'] : [];
    if (operation === 'BatchExecuteStatement') return this.buckets.bucketOf(table, JSON.stringify(parameter));
    const item =
      objectIn(objectIn(asked, 'PutRequest') ?? {}, 'Item') ??
      objectIn(objectIn(asked, 'DeleteRequest') ?? {}, 'Key') ??
      asked;
    return this.buckets.bucketOf(table, JSON.stringify(item[await this.#partitionKey(table)] ?? item));
  }

  #partitionKey(table: string): Promise<string> {
    const known = this.#keys.get(table) ?? partitionKeyOf(this.#options.engineEndpoint, table);
    this.#keys.set(table, known);
    return known;
  }

  #toEngine({ request: incoming }: Call, body: Json): Promise<Answer> {
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = { ...incoming.headers, 'content-length': String(bytes.length), connection: 'keep-alive' };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.#options.engineEndpoint,
        { method: 'POST', headers, agent: this.#agent },
        (answer) => {
          const chunks: Uint8Array[] = [];
          answer.on('data', (chunk: Uint8Array) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(bytes);
    });
  }
}

const throughputExceeded = (): Answer =>
  errorOf(awsError(awsFaults.throughputExceeded.name, awsFaults.throughputExceeded.message));

/** Capacity units of an answer; one an item where it does not tell. */
function unitsOf(answer: Json, items: number): number {
  const single = objectIn(answer, 'ConsumedCapacity');
  const all = single === undefined ? objectsIn(answer, 'ConsumedCapacity') : [single];
  return all.length === 0 ? items : all.reduce((sum, each) => sum + (numberIn(each, 'CapacityUnits') ?? 0), 0);
}

async function partitionKeyOf(endpoint: string, table: string): Promise<string> {
  const { Table } = await rawClient(endpoint).call('DescribeTable', { TableName: table });
  return Table?.KeySchema?.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
}

/** The access key and session token that a call was signed with. */
const identityOf = ({ headers }: IncomingMessage): string =>
  `${/Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? ''} ${String(headers['x-amz-security-token'] ?? '')}`;

/** `20261120T173000Z`. */
const amzDate = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

function signedAt({ headers }: IncomingMessage): number | null {
  const text = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'] ?? ''));
  if (text === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = text;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Puts faults between a command and the real engine. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultServer(options);
  await proxy.listen();
  return proxy;
}
