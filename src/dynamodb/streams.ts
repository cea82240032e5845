import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as SdkRecord,
  type Shard as SdkShard,
} from '@aws-sdk/client-dynamodb-streams';
import { CliError } from '../errors.js';
import type { Item } from '../schema/attribute-value.js';
import type { StreamViewType } from '../schema/types.js';
import { answerOf } from './call.js';
import { type Dynamo, ENDPOINT_AS_GIVEN } from './client.js';
import { fromSdk } from './items.js';
import { keepProtoKeys } from './proto-key.js';
import { BriefRetries } from './retries.js';

/** Where a stream is: its table's name is for messages. */
export interface StreamPlace {
  readonly table: string;
  readonly arn: string;
}

export interface Shard {
  readonly id: string;
  /** The shard that this one continues; it may be trimmed already. */
  readonly parent: string | null;
  /** Takes no more records: its children do, or the stream is off. */
  readonly closed: boolean;
}

export interface StreamDescription {
  /** ENABLING, ENABLED, DISABLING, DISABLED; a stream that is off can be read for another 24 hours. */
  readonly status: string;
  readonly label: string | null;
  readonly viewType: StreamViewType | null;
  readonly shards: readonly Shard[];
}

/** One change of one item. Which images there are depends on the stream's view type. */
export interface StreamRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  /** Epoch milliseconds, rounded to a second by AWS. */
  readonly at: number | null;
  /** Grows within a shard, and from a shard to its children. */
  readonly sequenceNumber: string;
  readonly keys: Item;
  readonly oldImage: Item | null;
  readonly newImage: Item | null;
  /** Removed by TTL and not by an application. */
  readonly byTtl: boolean;
}

/** Where reading a shard begins. */
export type Position =
  | { readonly at: 'latest' }
  | { readonly at: 'horizon' }
  | { readonly at: 'after'; readonly sequenceNumber: string };

const ITERATOR_TYPES = { latest: 'LATEST', horizon: 'TRIM_HORIZON', after: 'AFTER_SEQUENCE_NUMBER' } as const;

/** GetRecords takes no greater limit. */
const MOST_RECORDS = 1000;

/** The calls of DynamoDB Streams over a connection: with its credentials, its sockets and its retries. */
export class Streams {
  readonly #dynamo: Dynamo;
  readonly #client: DynamoDBStreamsClient;

  constructor(dynamo: Dynamo) {
    const { sdk, region, streamsEndpoint, signal } = dynamo;
    if (!(sdk instanceof DynamoDBClient)) throw new TypeError('the connection was not made by connect()');
    const { credentials, requestHandler, profile } = sdk.config;
    this.#dynamo = dynamo;
    // It is never destroyed by itself: its sockets are the connection's.
    this.#client = new DynamoDBStreamsClient({
      region,
      credentials,
      requestHandler,
      cacheMiddleware: true,
      retryStrategy: new BriefRetries(signal),
      ...(profile !== undefined && { profile }),
      ...(streamsEndpoint !== null && { endpoint: streamsEndpoint, ...ENDPOINT_AS_GIVEN }),
    });
    keepProtoKeys(this.#client);
  }

  #call<T>(operation: string, table: string, send: (client: DynamoDBStreamsClient) => Promise<T>): Promise<T> {
    const { region, streamsEndpoint } = this.#dynamo;
    return answerOf(this.#dynamo, { operation, table, region, endpoint: streamsEndpoint }, () => send(this.#client));
  }

  /** DescribeStream with all shards, 100 a page. Throws STREAM_NOT_FOUND. */
  async describe({ table, arn }: StreamPlace): Promise<StreamDescription> {
    const shards = new Map<string, SdkShard>();
    let start: string | undefined;
    for (;;) {
      const from = start;
      const { StreamDescription: page = {} } = await this.#call('DescribeStream', table, (client) =>
        client.send(new DescribeStreamCommand({ StreamArn: arn, ...(from && { ExclusiveStartShardId: from }) })),
      );
      for (const shard of page.Shards ?? []) shards.set(shard.ShardId ?? '', shard);
      start = page.LastEvaluatedShardId;
      if (start !== undefined) continue;
      const status = page.StreamStatus ?? 'ENABLED';
      return {
        status,
        label: page.StreamLabel ?? null,
        viewType: page.StreamViewType ?? null,
        shards: shardsOf([...shards.values()], status),
      };
    }
  }

  /** GetShardIterator. It lives for 15 minutes. */
  async iterator({ table, arn }: StreamPlace, shard: string, position: Position): Promise<string> {
    const { ShardIterator: iterator } = await this.#call('GetShardIterator', table, (client) =>
      client.send(
        new GetShardIteratorCommand({
          StreamArn: arn,
          ShardId: shard,
          ShardIteratorType: ITERATOR_TYPES[position.at],
          ...(position.at === 'after' && { SequenceNumber: position.sequenceNumber }),
        }),
      ),
    );
    if (iterator === undefined)
      throw new CliError('NOT_SUPPORTED', `the endpoint gives no iterator for the stream of table '${table}'`);
    return iterator;
  }

  /** GetRecords: up to 1000, or none, which is not the end: that is `next` being null. */
  async records(
    table: string,
    iterator: string,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly next: string | null }> {
    const answer = await this.#call('GetRecords', table, (client) =>
      client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: MOST_RECORDS })),
    );
    return { records: (answer.Records ?? []).flatMap(recordOf), next: answer.NextShardIterator ?? null };
  }
}

/**
 * A shard's ending sequence number says that it is closed, but for engines that tell the newest number so far: in a
 * stream that is on, a shard without a child takes records.
 */
function shardsOf(shards: readonly SdkShard[], status: string): readonly Shard[] {
  const parents = new Set(shards.map(({ ParentShardId }) => ParentShardId));
  const isOff = status === 'DISABLED' || status === 'DISABLING';
  return shards.map(({ ShardId: id = '', ParentShardId, SequenceNumberRange: range }) => ({
    id,
    parent: ParentShardId ?? null,
    closed: range?.EndingSequenceNumber !== undefined && (isOff || parents.has(id)),
  }));
}

function recordOf({ eventName, dynamodb, userIdentity }: SdkRecord): readonly StreamRecord[] {
  if (eventName === undefined || dynamodb?.SequenceNumber === undefined) return [];
  const { ApproximateCreationDateTime: at, SequenceNumber, Keys = {}, OldImage, NewImage } = dynamodb;
  return [
    {
      eventName,
      at: at?.getTime() ?? null,
      sequenceNumber: SequenceNumber,
      keys: fromSdk(Keys),
      oldImage: OldImage === undefined ? null : fromSdk(OldImage),
      newImage: NewImage === undefined ? null : fromSdk(NewImage),
      byTtl: userIdentity?.Type === 'Service' && userIdentity.PrincipalId === 'dynamodb.amazonaws.com',
    },
  ];
}
