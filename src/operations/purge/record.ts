import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { onDisk, PRIVATE_FILE, type PurgeFiles } from './files.js';

/** What became of a batch: for each of its sessions `d` deleted, `a` alive, `f` failed; and its events. */
export interface BatchRecord {
  readonly batch: number;
  readonly outcomes: string;
  readonly eventsDeleted: number;
  readonly eventsFailed: number;
  /** Its events were not all looked for. */
  readonly eventsOpen: boolean;
}

/** What one run has spent so far, and deleted beside its batches; a run that was killed may have spent a little more. */
export interface RunRecord {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly seconds: number;
  /** Events deleted in a pass over all of them, which belong to no batch. */
  readonly eventsDeleted: number;
}

/** What earlier runs recorded: by batch its last line, and for each run its last. */
export interface DoneRecord {
  readonly batches: ReadonlyMap<number, BatchRecord>;
  readonly runs: readonly RunRecord[];
}

/** How many sessions the runs before this one have dealt with. */
export interface Before {
  readonly deleted: number;
  readonly alive: number;
}

export function beforeThis({ batches }: DoneRecord): Before {
  let [deleted, alive] = [0, 0];
  for (const { outcomes } of batches.values())
    for (const outcome of outcomes) {
      if (outcome === 'd') deleted += 1;
      else if (outcome === 'a') alive += 1;
    }
  return { deleted, alive };
}

/** Whether another run has something to try again in a batch. */
export const isWhole = ({ outcomes, eventsFailed, eventsOpen }: BatchRecord): boolean =>
  !outcomes.includes('f') && eventsFailed === 0 && !eventsOpen;

/** Whether a run of this purge may have deleted something that it has not finished. */
export const isBegun = ({ done }: PurgeFiles): boolean => existsSync(done);

/** Marks the purge as begun; called before the first delete. */
export function beginDone({ done }: PurgeFiles): void {
  onDisk(done, () => appendFileSync(done, '', { mode: PRIVATE_FILE }));
}

/** The last line may be torn by a kill -9: what it told of is then not finished. */
export function readDone({ done }: PurgeFiles): DoneRecord {
  const batches = new Map<number, BatchRecord>();
  const runs = new Map<number, RunRecord>();
  if (!existsSync(done)) return { batches, runs: [] };
  const text = readFileSync(done, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) writeFileSync(done, whole, { mode: PRIVATE_FILE });
  for (const line of whole.split('\n').slice(0, -1)) {
    const parsed = parseLine(line);
    if (parsed?.[0] === 'run') {
      const [, at, readUnits, writeUnits, seconds, eventsDeleted] = parsed;
      runs.set(at, { readUnits, writeUnits, seconds, eventsDeleted });
    } else if (parsed !== undefined) {
      const [batch, outcomes, eventsDeleted, eventsFailed, open = 0] = parsed;
      batches.set(batch, { batch, outcomes, eventsDeleted, eventsFailed, eventsOpen: open === 1 });
    }
  }
  return { batches, runs: [...runs.values()] };
}

type BatchLine = readonly [
  batch: number,
  outcomes: string,
  eventsDeleted: number,
  eventsFailed: number,
  eventsOpen?: 1,
];
type RunLine = readonly [
  kind: 'run',
  at: number,
  readUnits: number,
  writeUnits: number,
  seconds: number,
  eventsDeleted: number,
];

function parseLine(line: string): BatchLine | RunLine | undefined {
  try {
    const parsed: BatchLine | RunLine = JSON.parse(line);
    return parsed;
  } catch {
    return undefined;
  }
}

function append({ done }: PurgeFiles, line: BatchLine | RunLine): void {
  onDisk(done, () => {
    appendFileSync(done, `${JSON.stringify(line)}\n`, { mode: PRIVATE_FILE });
  });
}

export function writeDone(
  files: PurgeFiles,
  { batch, outcomes, eventsDeleted, eventsFailed, eventsOpen }: BatchRecord,
): void {
  const line = [batch, outcomes, eventsDeleted, eventsFailed] as const;
  append(files, eventsOpen ? [...line, 1] : line);
}

/** `at` is the run's place among all runs of the purge. */
export function writeRun(files: PurgeFiles, at: number, run: RunRecord): void {
  append(files, ['run', at, run.readUnits, run.writeUnits, run.seconds, run.eventsDeleted]);
}
