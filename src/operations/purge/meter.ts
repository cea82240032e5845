import type { Budget } from '../../dynamodb/governor.js';
import type { PurgeFiles } from './files.js';
import { type RunRecord, writeRun } from './record.js';

/** How often it is written down what a run has spent: a kill -9 loses no more than that. */
const EVERY_MS = 1000;

/** Adds up what a purge spends over all of its runs, and records it for the next one. */
export class Meter {
  readonly #files: PurgeFiles;
  readonly #earlier: readonly RunRecord[];
  readonly #budgets: { readonly readBudget: Budget; readonly writeBudget: Budget };
  readonly #started = performance.now();
  #written = performance.now();
  #passed = 0;

  constructor(
    files: PurgeFiles,
    earlier: readonly RunRecord[],
    budgets: { readonly readBudget: Budget; readonly writeBudget: Budget },
  ) {
    this.#files = files;
    this.#earlier = earlier;
    this.#budgets = budgets;
  }

  /** Of this run and of those before it. */
  get total(): RunRecord {
    return [...this.#earlier, this.#run].reduce((a, b) => ({
      readUnits: a.readUnits + b.readUnits,
      writeUnits: a.writeUnits + b.writeUnits,
      seconds: a.seconds + b.seconds,
      eventsDeleted: a.eventsDeleted + b.eventsDeleted,
    }));
  }

  /** Events that this run has deleted in its pass over them so far. */
  passed(deleted: number): void {
    this.#passed = deleted;
    this.writeNowAndThen();
  }

  writeNowAndThen(): void {
    if (performance.now() - this.#written > EVERY_MS) this.write();
  }

  /** Throws FILE_ERROR. */
  write(): void {
    this.#written = performance.now();
    writeRun(this.#files, this.#earlier.length, this.#run);
  }

  get #run(): RunRecord {
    const { readBudget, writeBudget } = this.#budgets;
    return {
      readUnits: readBudget.spent,
      writeUnits: writeBudget.spent,
      seconds: (performance.now() - this.#started) / 1000,
      eventsDeleted: this.#passed,
    };
  }
}
