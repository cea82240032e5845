import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Backup } from '../../dynamodb/backups.js';
import { CliError, errorCode } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { type Hold, holdLock, ownerText } from '../../files/hold.js';
import { parseRecord, type TableRecord } from '../../schema/index.js';
import { readIfThere, writePrivate } from '../private-file.js';

/** How a table was set when a backup of it was made. */
export interface RecordedBackup {
  readonly arn: string;
  readonly name: string;
  readonly record: TableRecord;
}

/**
 * Where the settings of a backup are kept that DynamoDB does not keep with it: a private file of this machine, for a
 * backup takes no tags, and a table's tags go with the table.
 */
export const recordFile = (folder: string, { name }: Pick<Backup, 'name'>): string => path.join(folder, `${name}.json`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const damaged = (file: string, reason: string): CliError =>
  new CliError('FILE_ERROR', `'${file}' is no record of backups: ${reason}`, {
    hint: "move it away: a backup is restored without it as well, with the settings that DynamoDB keeps and the layout's",
  });

function parseEntries(file: string, text: string): readonly RecordedBackup[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, cause instanceof Error ? cause.message : 'it is no JSON');
  }
  if (!isObject(json) || json['version'] !== 1 || !Array.isArray(json['backups']))
    throw damaged(file, 'it has no version 1 and no backups');
  return json['backups'].map((entry: unknown) => {
    if (!isObject(entry)) throw damaged(file, 'a backup is no object');
    const { arn, name, record } = entry;
    const parsed = parseRecord(record);
    if (!parsed.ok) throw damaged(file, parsed.reason);
    if (typeof arn !== 'string' || typeof name !== 'string') throw damaged(file, 'a backup has no name or no ARN');
    return { arn, name, record: parsed.record };
  });
}

/** What a file of records holds; empty when there is no such file. Throws FILE_ERROR when it holds something else. */
export function readRecords(file: string): readonly RecordedBackup[] {
  const text = readIfThere(file);
  return text === null ? [] : parseEntries(file, text);
}

const ELSEWHERE = 'name another place for the settings with --record <file>';

const writeRecords = (file: string, backups: readonly RecordedBackup[]): void =>
  writePrivate(file, `${JSON.stringify({ version: 1, backups }, null, 2)}\n`, ELSEWHERE);

const LOCK_WAIT_MS = 10_000;
const LOCK_LOOK_MS = 20;

/**
 * Changes a file of records while no other process does: two backups into one file named with --record would else forget
 * each other's. Throws FILE_ERROR.
 */
async function changing(file: string, work: () => void): Promise<void> {
  const lock = `${file}.lock`;
  for (const began = performance.now(); ; await pause(LOCK_LOOK_MS)) {
    const hold = takeLock(file, lock);
    if (hold.kind === 'taken') {
      try {
        return work();
      } finally {
        hold.release();
      }
    }
    if (performance.now() - began > LOCK_WAIT_MS)
      throw new CliError('FILE_ERROR', `'${file}' is being written by ${ownerText(hold.record)}`, {
        hint: `if that is no mcp-sessions, remove '${lock}'`,
      });
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function takeLock(file: string, lock: string): Hold {
  try {
    makeFolder(path.dirname(file));
    return holdLock(lock, 'mcp-sessions backup');
  } catch (cause) {
    if (errorCode(cause) === '') throw cause;
    throw new CliError('FILE_ERROR', `cannot write '${file}': ${cause instanceof Error ? cause.message : ''}`, {
      hint: ELSEWHERE,
      cause,
    });
  }
}

/** Adds a backup's settings to a file, unless they are in it; backups of other tables and regions stay in it. */
export const addRecord = (file: string, entry: RecordedBackup): Promise<void> =>
  changing(file, () => {
    const entries = readRecords(file);
    if (!entries.some(({ arn }) => arn === entry.arn)) writeRecords(file, [...entries, entry]);
  });

/** Forgets a backup that was deleted; a file without any other goes with it. */
export async function removeRecord(file: string, arn: string): Promise<void> {
  if (!existsSync(file)) return;
  await changing(file, () => {
    const entries = readRecords(file);
    const left = entries.filter((entry) => entry.arn !== arn);
    if (left.length === entries.length) return;
    if (left.length === 0) rmSync(file, { force: true });
    else writeRecords(file, left);
  });
}

/** The settings that a file holds of a backup, or null. Throws FILE_ERROR. */
export const recordOfBackup = (file: string, arn: string): TableRecord | null =>
  readRecords(file).find((entry) => entry.arn === arn)?.record ?? null;

export interface FoundRecord {
  /** Where it was looked for. */
  readonly file: string;
  readonly record: TableRecord | null;
  /** Why a file that is there tells nothing of the backup; null where it does, and where there is none. */
  readonly problem: string | null;
}

/**
 * Looks for the settings of a backup: in the file that was named, which has to have them, else in its own in the folder,
 * without which a backup is restored as well. Throws FILE_ERROR for one that was named.
 */
export function findRecord(
  { name, arn }: Pick<Backup, 'name' | 'arn'>,
  { named, folder }: { readonly named: string | null; readonly folder: string },
): FoundRecord {
  const file = named ?? recordFile(folder, { name });
  const missing = `'${file}' holds no settings of backup '${name}' (${arn})`;
  try {
    const record = recordOfBackup(file, arn);
    if (record !== null) return { file, record, problem: null };
    if (named === null) return { file, record, problem: existsSync(file) ? missing : null };
  } catch (error) {
    if (named !== null || !(error instanceof CliError)) throw error;
    return { file, record: null, problem: error.message };
  }
  throw new CliError('FILE_ERROR', existsSync(file) ? missing : `there is no file '${file}'`, {
    hint: 'name the file that `mcp-sessions backup` wrote with it, or leave --record out',
  });
}
