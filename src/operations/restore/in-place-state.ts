import { createHash } from 'node:crypto';
import path from 'node:path';
import { CliError } from '../../errors.js';
import { parseRecord, type TableRecord, type TableRole } from '../../schema/index.js';
import type { RequestedBackup } from '../backup/safe.js';
import { readIfThere, removePrivate, writePrivate } from '../private-file.js';

/**
 * How far a table has come that is replaced by its backup. `deleting` is written before the deletion is asked for, and
 * `restoring` before the restore is: after a crash the table itself tells whether it came to that.
 */
export type Stage = 'planned' | 'deleting' | 'restoring' | 'done';

export interface InPlaceTable {
  readonly table: string;
  readonly role: TableRole;
  /** What is restored. */
  readonly sourceArn: string;
  /** When the table that is replaced was created, epoch milliseconds: another one of its name is let be. */
  readonly createdAt: number | null;
  /** How it was set, to be put back. */
  readonly record: TableRecord;
  /** The backup of what it held; null until it was asked for. */
  readonly safety: RequestedBackup | null;
  readonly stage: Stage;
}

export interface InPlaceState {
  readonly version: 1;
  readonly tables: readonly InPlaceTable[];
}

/** Where the state of a restore in place is kept; the same restore of the same tables has the same file. */
export function stateFile(folder: string, restore: unknown): string {
  const name = createHash('sha256').update(JSON.stringify(restore)).digest('hex').slice(0, 12);
  return path.join(folder, `restore-${name}.json`);
}

/** Written whole or not at all, and onto the disk before what it announces is begun. */
export const writeState = (file: string, state: InPlaceState): void =>
  writePrivate(
    file,
    `${JSON.stringify(state)}\n`,
    'a restore in place keeps its progress in a file, so that --resume can go on; nothing is begun without it',
  );

export const removeState = removePrivate;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const STAGES: readonly Stage[] = ['planned', 'deleting', 'restoring', 'done'];

function safetyOf(value: unknown): RequestedBackup | null | undefined {
  if (value === null) return null;
  if (!isObject(value)) return undefined;
  const { table, name, arn, requestedAt } = value;
  if (typeof table !== 'string' || typeof name !== 'string' || typeof arn !== 'string') return undefined;
  return typeof requestedAt === 'number' ? { table, name, arn, requestedAt } : undefined;
}

function tableOf(value: unknown): InPlaceTable | undefined {
  if (!isObject(value)) return undefined;
  const { table, role, sourceArn, createdAt } = value;
  const record = parseRecord(value['record']);
  const safety = safetyOf(value['safety']);
  const stage = STAGES.find((name) => name === value['stage']);
  if (typeof table !== 'string' || typeof sourceArn !== 'string' || !record.ok) return undefined;
  if ((role !== 'sessions' && role !== 'events') || stage === undefined || safety === undefined) return undefined;
  if (createdAt !== null && typeof createdAt !== 'number') return undefined;
  return { table, role, sourceArn, createdAt, record: record.record, safety, stage };
}

/** The state of an earlier run, or null. Throws FILE_ERROR for a file that is something else. */
export function readState(file: string): InPlaceState | null {
  const text = readIfThere(file);
  if (text === null) return null;
  const damaged = (): CliError =>
    new CliError('FILE_ERROR', `'${file}' is no state of a restore in place`, {
      hint: 'look at the tables with `mcp-sessions status` and at their backups with `mcp-sessions backup list` before you remove it',
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged();
  }
  if (!isObject(json) || json['version'] !== 1 || !Array.isArray(json['tables'])) throw damaged();
  const tables = json['tables'].map(tableOf);
  if (tables.includes(undefined)) throw damaged();
  return { version: 1, tables: tables.filter((table) => table !== undefined) };
}
