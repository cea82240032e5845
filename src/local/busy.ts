import { CliError } from '../errors.js';
import type { DataFile } from './data-file.js';
import type { LockRecord } from '../files/lock.js';
import type { EngineState } from './protocol.js';

/** ENGINE_BUSY that says who holds the data file: what, which process, since when, at which endpoint. */
export function busyError(file: DataFile, record: LockRecord, state: EngineState | null): CliError {
  const holders = state === null || state.leases.length === 0 ? [describe(holder(record))] : state.leases.map(describe);
  const at = state === null ? '' : `, at ${state.endpoint}`;
  return new CliError('ENGINE_BUSY', `'${file.path}' is in use by ${holders.join(' and ')}${at}`, {
    hint: 'Wait for it to end, or end it, and try again; or use another file: --local <file>.',
  });
}

/** ENGINE_BUSY: whoever has the file lives, but does not answer. */
export function stuckError(file: DataFile, record: LockRecord | null): CliError {
  if (record === null) {
    return new CliError('ENGINE_BUSY', `the lock of '${file.path}' went from one command to the next for too long`, {
      hint: 'Try again.',
    });
  }
  return new CliError('ENGINE_BUSY', `'${file.path}' is held by ${describe(holder(record))}, which does not answer`, {
    hint: `If that process hangs, end it: kill -9 ${record.owner.pid}. If it runs elsewhere, wait until it has ended.`,
  });
}

function holder(record: LockRecord): { label: string; pid: number; since: string } {
  return { label: record.label, pid: record.owner.pid, since: record.since };
}

function describe({ label, pid, since }: { label: string; pid: number; since: string }): string {
  return `${label} (process ${pid}, since ${since})`;
}
