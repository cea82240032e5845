import { awsError } from './errors.js';
import { isJson, type Json, numberIn, objectIn, objectsIn, textIn } from './json.js';
import type { DoubleContext } from './state.js';

/** "A shard iterator expires 15 minutes after it is retrieved." */
const ITERATOR_LIFE_MS = 15 * 60_000;
const ITERATOR = 'double:';

interface ShardState {
  readonly id: string;
  readonly parent?: string;
  readonly records: Json[];
  /** How many of the oldest records are gone. */
  trimmed: number;
  closed: boolean;
}

const sequenceOf = (record: Json | undefined): string =>
  textIn(objectIn(record ?? {}, 'dynamodb') ?? {}, 'SequenceNumber') ?? '0';

const partitionOf = (record: Json): string => {
  const keys = objectIn(objectIn(record, 'dynamodb') ?? {}, 'Keys') ?? {};
  const [name = ''] = Object.keys(keys).toSorted();
  return JSON.stringify(keys[name]);
};

/**
 * The stream of one table in shards, as AWS keeps it: a test splits them, lets records be trimmed and iterators expire.
 * What is written comes from the engine's own stream, whose one shard never ends.
 */
export class ShardedStream {
  /** Shards a page of DescribeStream; 100 on AWS. */
  pageSize = 100;
  /** Items, by the JSON of their keys, whose removal counts as TTL's. */
  readonly expiring = new Set<string>();
  readonly shards: ShardState[] = [];
  #iterator: string;
  #enabled = true;
  /** One reading of the engine's stream after the other. */
  #pulling: Promise<void> = Promise.resolve();

  readonly table: string;
  readonly arn: string;
  readonly #double: DoubleContext;

  private constructor(double: DoubleContext, table: string, arn: string, iterator: string) {
    this.#double = double;
    this.table = table;
    this.arn = arn;
    this.#iterator = iterator;
    this.#add();
  }

  static async of(double: DoubleContext, table: string): Promise<ShardedStream> {
    const { Table = {} } = await double.engine('DescribeTable', { TableName: table });
    const arn = textIn(isJson(Table) ? Table : {}, 'LatestStreamArn') ?? '';
    const description = await double.engine('DescribeStream', { StreamArn: arn });
    const [shard = {}] = objectsIn(objectIn(description, 'StreamDescription') ?? {}, 'Shards');
    const { ShardIterator } = await double.engine('GetShardIterator', {
      StreamArn: arn,
      ShardId: shard['ShardId'],
      ShardIteratorType: 'LATEST',
    });
    return new ShardedStream(double, table, arn, String(ShardIterator));
  }

  #add(parent?: ShardState): ShardState {
    const id = `shardId-${String(this.shards.length + 1).padStart(20, '0')}-double`;
    const shard = { id, ...(parent !== undefined && { parent: parent.id }), records: [], trimmed: 0, closed: false };
    this.shards.push(shard);
    return shard;
  }

  /** Takes what the engine has, each record to one of the open shards by its partition key. */
  async pull(): Promise<void> {
    this.#pulling = this.#pulling.then(() => this.#take());
    await this.#pulling;
  }

  async #take(): Promise<void> {
    const answer = await this.#double.engine('GetRecords', { ShardIterator: this.#iterator });
    this.#iterator = textIn(answer, 'NextShardIterator') ?? this.#iterator;
    const open = this.shards.filter(({ closed }) => !closed);
    for (const record of objectsIn(answer, 'Records')) {
      const sum = Array.from(partitionOf(record)).reduce((total, char) => total + (char.codePointAt(0) ?? 0), 0);
      open[sum % open.length]?.records.push(this.#marked(record));
    }
    const { Table } = await this.#double.engine('DescribeTable', { TableName: this.table });
    const described = isJson(Table) ? Table : {};
    // One that is turned on again is another stream.
    this.#enabled =
      objectIn(described, 'StreamSpecification')?.['StreamEnabled'] === true &&
      textIn(described, 'LatestStreamArn') === this.arn;
    if (!this.#enabled) for (const shard of this.shards) shard.closed = true;
  }

  #marked(record: Json): Json {
    const keys = JSON.stringify(objectIn(objectIn(record, 'dynamodb') ?? {}, 'Keys'));
    if (record['eventName'] !== 'REMOVE' || !this.expiring.has(keys)) return record;
    return { ...record, userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' } };
  }

  /** Closes every open shard and puts two in its place. What was written before stays in the old ones. */
  async split(): Promise<void> {
    await this.pull();
    for (const shard of this.shards.filter(({ closed }) => !closed)) {
      shard.closed = true;
      this.#add(shard);
      this.#add(shard);
    }
  }

  /** Lets all records that there are pass the age of 24 hours. */
  async trim(): Promise<void> {
    await this.pull();
    for (const shard of this.shards) shard.trimmed = shard.records.length;
  }

  /** Takes the closed shards away, as when the last of their records was trimmed. */
  forgetClosed(): void {
    this.shards.splice(0, this.shards.length, ...this.shards.filter(({ closed }) => !closed));
  }

  async describe(body: Json): Promise<Json> {
    await this.pull();
    const { StreamDescription } = await this.#double
      .engine('DescribeStream', { StreamArn: this.arn })
      .catch(() => ({ StreamDescription: { StreamArn: this.arn, TableName: this.table } }));
    const start = this.shards.findIndex(({ id }) => id === textIn(body, 'ExclusiveStartShardId')) + 1;
    const page = this.shards.slice(start, start + this.pageSize);
    const isLast = start + this.pageSize >= this.shards.length;
    return {
      StreamDescription: {
        ...(isJson(StreamDescription) ? StreamDescription : {}),
        StreamStatus: this.#enabled ? 'ENABLED' : 'DISABLED',
        Shards: page.map(({ id, parent, records, closed }) => ({
          ShardId: id,
          ...(parent !== undefined && { ParentShardId: parent }),
          SequenceNumberRange: {
            StartingSequenceNumber: sequenceOf(records[0]),
            ...(closed && { EndingSequenceNumber: sequenceOf(records.at(-1)) }),
          },
        })),
        ...(!isLast && { LastEvaluatedShardId: page.at(-1)?.id }),
      },
    };
  }

  #shard(id: string | undefined): ShardState {
    const shard = this.shards.find((candidate) => candidate.id === id);
    if (shard === undefined)
      throw awsError('ResourceNotFoundException', `Requested resource not found: Shard does not exist: ${id}`);
    return shard;
  }

  async iterator(body: Json): Promise<Json> {
    await this.pull();
    const shard = this.#shard(textIn(body, 'ShardId'));
    const starts: Readonly<Record<string, () => number>> = {
      LATEST: () => shard.records.length,
      TRIM_HORIZON: () => shard.trimmed,
      AT_SEQUENCE_NUMBER: () => this.#at(shard, body),
      AFTER_SEQUENCE_NUMBER: () => this.#at(shard, body) + 1,
    };
    const start = starts[textIn(body, 'ShardIteratorType') ?? '']?.() ?? 0;
    return { ShardIterator: this.#token(shard.id, start) };
  }

  #at({ records, trimmed }: ShardState, body: Json): number {
    const at = records.findIndex((record) => sequenceOf(record) === textIn(body, 'SequenceNumber'));
    if (at < trimmed) throw trimmedData();
    return at;
  }

  #token(shard: string, at: number): string {
    const token = JSON.stringify({ table: this.table, shard, at, issued: this.#double.now() });
    return `${ITERATOR}${Buffer.from(token).toString('base64')}`;
  }

  async records(token: Json, limit: number): Promise<Json> {
    await this.pull();
    if (this.#double.now() - (numberIn(token, 'issued') ?? 0) > ITERATOR_LIFE_MS)
      throw awsError('ExpiredIteratorException', 'Iterator expired');
    const shard = this.#shard(textIn(token, 'shard'));
    const at = numberIn(token, 'at') ?? 0;
    if (at < shard.trimmed) throw trimmedData();
    const records = shard.records.slice(at, at + limit);
    const isEnd = shard.closed && at + records.length >= shard.records.length;
    return { Records: records, ...(!isEnd && { NextShardIterator: this.#token(shard.id, at + records.length) }) };
  }
}

const trimmedData = () =>
  awsError('TrimmedDataAccessException', 'The operation attempted to read past the oldest stream record in a shard');

function tokenOf(iterator: string): Json | undefined {
  if (!iterator.startsWith(ITERATOR)) return undefined;
  const parsed: unknown = JSON.parse(Buffer.from(iterator.slice(ITERATOR.length), 'base64').toString('utf8'));
  return isJson(parsed) ? parsed : undefined;
}

/** Answers an operation on a stream that a test has sharded; undefined for the engine's own streams. */
export async function answerStream(double: DoubleContext, operation: string, body: Json): Promise<Json | undefined> {
  const token = tokenOf(textIn(body, 'ShardIterator') ?? '');
  const arn = textIn(body, 'StreamArn');
  const stream = [...double.streams.values()].find((candidate) =>
    token === undefined ? candidate.arn === arn : candidate.table === token['table'],
  );
  if (stream === undefined) return undefined;
  switch (operation) {
    case 'DescribeStream':
      return stream.describe(body);
    case 'GetShardIterator':
      return stream.iterator(body);
    case 'GetRecords':
      return token === undefined ? undefined : stream.records(token, numberIn(body, 'Limit') ?? 1000);
    default:
      return undefined;
  }
}
