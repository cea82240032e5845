import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CliError, errorCode } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { holdLock, ownerText } from '../../files/hold.js';
import { parseRecord, type TableRecord } from '../../schema/index.js';
import { writePrivate } from '../private-file.js';

/** What is kept of a table that is dropped, until it is there again. */
export interface KeptRecord {
  readonly record: TableRecord;
  /** Which table it was: one that is made anew has another id. */
  readonly tableId: string;
}

/** The file of one table's record; `place` is what tells tables of the same name apart. */
export function recordFile(folder: string, place: unknown, table: string): string {
  const mark = createHash('sha256')
    .update(JSON.stringify([place, table]))
    .digest('hex')
    .slice(0, 12);
  return path.join(folder, `recreate-${table.slice(0, 100)}-${mark}.json`);
}

const WHY = 'the settings of a table are written there before it is dropped; without it nothing is dropped';

function onDisk<T>(file: string, doing: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('FILE_ERROR', `cannot ${doing} '${file}': ${reason}`, {
      hint: WHY,
      cause,
    });
  }
}

/**
 * Keeps a table's record for this process while it works with it: of two that made one table anew, one would take for the
 * table's settings what the other has half put back. Throws TABLE_BUSY while another process has it.
 */
export async function withRecordFile<T>(file: string, table: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const hold = onDisk(file, 'lock', () => {
    makeFolder(path.dirname(file));
    return holdLock(lock, 'mcp-sessions teardown');
  });
  if (hold.kind === 'held')
    throw new CliError('TABLE_BUSY', `table '${table}' is being made anew by ${ownerText(hold.record)}`, {
      hint: `wait for it to end; if that is no mcp-sessions, remove '${lock}'`,
    });
  try {
    return await work();
  } finally {
    hold.release();
  }
}

/**
 * Does work after which a table's record is not wanted any more. Where there is none nothing is locked, for not every
 * folder can be written; one that another process writes meanwhile stays.
 */
export const forgettingRecord = (file: string, table: string, work: () => Promise<void>): Promise<void> =>
  existsSync(file)
    ? withRecordFile(file, table, async () => {
        await work();
        removeRecordFile(file);
      })
    : work();

/** Writes the record whole or not at all, readable by its owner alone, and on the disk when this returns. */
export const writeRecordFile = (file: string, kept: KeptRecord): void =>
  writePrivate(file, `${JSON.stringify(kept, null, 2)}\n`, WHY);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The record that an interrupted run has left; null when there is none. Throws FILE_ERROR where it cannot be read. */
export function readRecordFile(file: string): KeptRecord | null {
  const text = onDisk(file, 'read', () => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
  });
  if (text === null) return null;
  return onDisk(file, 'read', () => {
    const value: unknown = JSON.parse(text);
    const parsed = parseRecord(isObject(value) && 'record' in value ? value.record : undefined);
    if (!parsed.ok) throw new Error(parsed.reason);
    const id = isObject(value) && 'tableId' in value ? value.tableId : undefined;
    if (typeof id !== 'string') throw new Error('it does not say which table it is of');
    return { record: parsed.record, tableId: id };
  });
}

export function removeRecordFile(file: string): void {
  rmSync(file, { force: true });
}
