import { CliError, type ErrorCode } from '../errors.js';
import { Backoff, isThrottled } from './backoff.js';
import type { Dynamo } from './client.js';
import {
  type Position,
  type Shard,
  type StreamDescription,
  type StreamPlace,
  type StreamRecord,
  Streams,
} from './streams.js';
import { pause } from './wait.js';

export interface ReaderOptions {
  /** `now`: what is written from here on; `trim-horizon`: all that the stream still has, 24 hours. */
  readonly from: 'now' | 'trim-horizon';
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** NOT_SUPPORTED when more shards than so many take records. */
  readonly mostShards?: number;
}

/** What one round over the shards brought. */
export interface StreamBatch {
  readonly table: string;
  /** In the order in which they were written, as far as that can be told: within an item always. */
  readonly records: readonly StreamRecord[];
  /** Records were trimmed before they could be read. */
  readonly lost: boolean;
  /** The stream was turned off, and this was all of it. */
  readonly ended: boolean;
  /** AWS held a read off; the next round should wait longer. */
  readonly held: boolean;
}

interface ShardState {
  readonly id: string;
  readonly parent: string | null;
  position: Position;
  /** Records that are older, in epoch milliseconds, are not wanted. */
  notBefore: number;
  iterator: string | null;
  ended: boolean;
  /** Reads in a row that failed. */
  failures: number;
}

/** Failures that may pass while a stream is followed for hours. */
const PASSING = new Set<ErrorCode>(['THROTTLED', 'AWS_ERROR', 'ENDPOINT_UNREACHABLE']);
const FAILURES_IN_A_ROW = 12;
const READS_AT_ONCE = 16;
const FIRST_LOOK_MS = 500;
const SLOWEST_LOOK_MS = 30_000;

const isPassing = (error: unknown): error is CliError => error instanceof CliError && PASSING.has(error.code);

const causedBy = (error: unknown, name: string): boolean =>
  error instanceof CliError && error.cause instanceof Error && error.cause.name === name;

/** Reads all shards of one stream, and those that they are split into: a parent to its end before its children. */
export class StreamReader {
  readonly #streams: Streams;
  readonly #place: StreamPlace;
  readonly #shards = new Map<string, ShardState>();
  /** Epoch milliseconds of the beginning, down to a second, as AWS rounds the times of records. */
  readonly #since: number;
  #status: string;
  #primed: readonly StreamRecord[] = [];
  #lookAt = performance.now() + SLOWEST_LOOK_MS;
  #lookDelay = FIRST_LOOK_MS;

  private constructor(
    streams: Streams,
    place: StreamPlace,
    { status, shards }: StreamDescription,
    options: ReaderOptions,
  ) {
    this.#streams = streams;
    this.#place = place;
    this.#status = status;
    this.#since = Math.floor(options.now() / 1000) * 1000;
    const parents = new Set(shards.map(({ parent }) => parent));
    const isFromNow = options.from === 'now';
    for (const shard of shards) {
      // From now on only the youngest can have anything new: whether one is closed is seen when it is read.
      this.#add(shard, { at: isFromNow ? 'latest' : 'horizon' }, isFromNow && parents.has(shard.id));
    }
  }

  #add({ id, parent }: Pick<Shard, 'id' | 'parent'>, position: Position, ended = false): void {
    this.#shards.set(id, { id, parent, position, notBefore: 0, iterator: null, ended, failures: 0 });
  }

  /**
   * Begins to read a stream. From `now` the place is held in every shard when this returns, so that whatever is written
   * afterwards is read. Throws STREAM_NOT_FOUND, and what its calls throw.
   */
  static async open(dynamo: Dynamo, place: StreamPlace, options: ReaderOptions): Promise<StreamReader> {
    const { from, mostShards = Number.POSITIVE_INFINITY } = options;
    const streams = new Streams(dynamo);
    const description = await streams.describe(place);
    const open = description.shards.filter(({ closed }) => !closed).length;
    if (open > mostShards)
      throw new CliError('NOT_SUPPORTED', `the stream of table '${place.table}' has ${open} shards to read`);
    const reader = new StreamReader(streams, place, description, options);
    if (from === 'now') await reader.#prime(dynamo.signal);
    return reader;
  }

  /** Reads once at the end of each shard: an iterator alone might hold no place before it is used. */
  async #prime(signal: AbortSignal): Promise<void> {
    const records = await this.#eachShard(async (shard) => {
      for (const backoff = new Backoff(signal); ; await backoff.wait()) {
        try {
          return await this.#readOn(shard);
        } catch (error) {
          if (!isThrottled(error) || !backoff.goesOn) throw error;
        }
      }
    });
    this.#primed = records.flat();
  }

  /** One round: a GetRecords for every shard that can be read now. */
  async read(): Promise<StreamBatch> {
    const found = await this.#look();
    const rounds = await this.#eachShard((shard) => this.#tryToRead(shard));
    const records = [...this.#primed, ...inOrder(rounds.map((round) => round.records))];
    this.#primed = [];
    const isOff = !found || (this.#status === 'DISABLED' && [...this.#shards.values()].every(({ ended }) => ended));
    return {
      table: this.#place.table,
      records,
      lost: rounds.some(({ lost }) => lost),
      held: rounds.some(({ held }) => held),
      ended: isOff,
    };
  }

  /** Looks for new shards: soon after one has ended, else seldom. False when the stream is gone. */
  async #look(): Promise<boolean> {
    if (performance.now() < this.#lookAt) return true;
    this.#lookAt = performance.now() + this.#lookDelay;
    this.#lookDelay = Math.min(SLOWEST_LOOK_MS, this.#lookDelay * 2);
    try {
      const { status, shards } = await this.#streams.describe(this.#place);
      this.#status = status;
      for (const shard of shards) {
        if (this.#shards.has(shard.id)) continue;
        // All of a new shard is new: it was not there when the reading began.
        this.#add(shard, { at: 'horizon' });
        this.#lookDelay = SLOWEST_LOOK_MS;
      }
      return true;
    } catch (error) {
      if (error instanceof CliError && error.code === 'STREAM_NOT_FOUND') return false;
      if (!isPassing(error)) throw error;
      return true;
    }
  }

  async #eachShard<T>(work: (shard: ShardState) => Promise<T>): Promise<readonly T[]> {
    const ready = [...this.#shards.values()].filter(({ ended, parent }) => {
      const before = parent === null ? undefined : this.#shards.get(parent);
      return !ended && (before === undefined || before.ended);
    });
    const results: T[] = [];
    for (let at = 0; at < ready.length; at += READS_AT_ONCE)
      results.push(...(await Promise.all(ready.slice(at, at + READS_AT_ONCE).map(work))));
    return results;
  }

  async #tryToRead(
    shard: ShardState,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly lost: boolean; readonly held: boolean }> {
    const nothing = { records: [], lost: false, held: false };
    try {
      return { ...nothing, records: await this.#readOn(shard) };
    } catch (error) {
      if (causedBy(error, 'ExpiredIteratorException')) {
        shard.iterator = null;
        // The end of then is not the end of now: the shard is read from its beginning, and what is older is left out.
        if (shard.position.at === 'latest') {
          shard.position = { at: 'horizon' };
          shard.notBefore = this.#since;
        }
        return nothing;
      }
      if (causedBy(error, 'TrimmedDataAccessException')) {
        shard.iterator = null;
        shard.position = { at: 'horizon' };
        return { ...nothing, lost: true };
      }
      // The shard alone may be gone, with what it had.
      if (error instanceof CliError && error.code === 'STREAM_NOT_FOUND') {
        this.#end(shard);
        return { ...nothing, lost: true };
      }
      shard.failures += 1;
      if (!isPassing(error) || shard.failures > FAILURES_IN_A_ROW) throw error;
      return { ...nothing, held: true };
    }
  }

  async #readOn(shard: ShardState): Promise<readonly StreamRecord[]> {
    shard.iterator ??= await this.#streams.iterator(this.#place, shard.id, shard.position);
    const { records, next } = await this.#streams.records(this.#place.table, shard.iterator);
    shard.failures = 0;
    shard.iterator = next;
    const last = records.at(-1);
    if (last !== undefined) shard.position = { at: 'after', sequenceNumber: last.sequenceNumber };
    if (next === null) this.#end(shard);
    return records.filter(({ at }) => at === null || at >= shard.notBefore);
  }

  #end(shard: ShardState): void {
    shard.ended = true;
    this.#lookDelay = FIRST_LOOK_MS;
    this.#lookAt = performance.now();
  }
}

/** Records of several shards by their times, those of each shard in its own order whatever the times say. */
function inOrder(shards: readonly (readonly StreamRecord[])[]): readonly StreamRecord[] {
  if (shards.length <= 1) return shards[0] ?? [];
  return shards
    .flatMap((records) => {
      let latest = 0;
      return records.map((record) => {
        latest = Math.max(latest, record.at ?? 0);
        return { record, latest };
      });
    })
    .toSorted((a, b) => a.latest - b.latest)
    .map(({ record }) => record);
}

/** AWS takes five GetRecords a second of a shard, from all its readers together. */
const PACE_MS = 250;
const SLOWEST_PACE_MS = 2000;
const SLOWEST_HELD_MS = 5000;
/** Empty answers do not mean that there is nothing: it takes some to get through a part of a shard without records. */
const PATIENT_ROUNDS = 20;

function delayAfter(quietRounds: number, heldRounds: number): number {
  if (heldRounds > 0) return Math.min(SLOWEST_HELD_MS, PACE_MS * 2 ** heldRounds);
  return Math.min(SLOWEST_PACE_MS, PACE_MS * 1.5 ** Math.max(0, quietRounds - PATIENT_ROUNDS));
}

/** Follows streams until all of them have ended: often while records come, more seldom while none do. */
export async function* followStreams(
  readers: readonly StreamReader[],
  signal: AbortSignal,
): AsyncGenerator<readonly StreamBatch[]> {
  let reading = readers;
  let [quiet, held] = [0, 0];
  while (reading.length > 0) {
    const batches = await Promise.all(reading.map((reader) => reader.read()));
    yield batches;
    quiet = batches.some(({ records }) => records.length > 0) ? 0 : quiet + 1;
    held = batches.some((batch) => batch.held) ? held + 1 : 0;
    reading = reading.filter((_, at) => batches[at]?.ended !== true);
    if (reading.length > 0) await pause(delayAfter(quiet, held), signal);
  }
}
