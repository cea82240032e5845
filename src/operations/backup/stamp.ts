import path from 'node:path';
import type { Backup } from '../../dynamodb/backups.js';
import { CliError, errorCode } from '../../errors.js';
import { makeFolder } from '../../files/make-folder.js';
import { holdLock } from '../../files/hold.js';
import type { OperationContext } from '../context.js';
import { listTableBackups } from './list.js';
import { backupName, stampOf } from './names.js';

export interface ClaimedStamp {
  readonly stamp: string;
  /** Lets go of the names, once backups bear them. */
  readonly release: () => void;
}

export interface StampRequest {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Where runs of this machine keep names for themselves. */
  readonly folder: string;
  /** Names that are in use besides. */
  readonly taken?: readonly string[];
}

/**
 * The first stamp from an instant on under which none of the tables has a backup: two runs within a second would else make
 * backups of the same names, which AWS takes. Another run on this machine that has not asked for its own yet counts too.
 */
export async function claimStamp(
  context: OperationContext,
  tables: readonly string[],
  { at, folder, taken = [] }: StampRequest,
): Promise<ClaimedStamp> {
  const inUse = new Set(taken);
  for (let ms = at; ; ms += 1000) {
    const stamp = stampOf(ms);
    const names = tables.map((table) => backupName(table, stamp));
    if (names.some((name) => inUse.has(name))) continue;
    const release = holdNames(folder, names);
    if (release === null) continue;
    let isFree = false;
    try {
      // Only now: a run that let go of the names a moment ago has made backups of them.
      for (const { name } of await backupsOf(context, tables)) inUse.add(name);
      isFree = !names.some((name) => inUse.has(name));
    } finally {
      if (!isFree) release();
    }
    if (isFree) return { stamp, release };
  }
}

/** Keeps names for this process; null where another one has one of them. */
function holdNames(folder: string, names: readonly string[]): (() => void) | null {
  const held: (() => void)[] = [];
  const release = (): void => {
    for (const each of held) each();
  };
  for (const name of names) {
    try {
      makeFolder(folder);
      const hold = holdLock(path.join(folder, `${name}.lock`), 'mcp-sessions backup');
      if (hold.kind === 'taken') held.push(hold.release);
      else {
        release();
        return null;
      }
    } catch (error) {
      // Backups are made also where nothing can be written; whether their names are unique is looked at afterwards.
      if (errorCode(error) === '') throw error;
    }
  }
  return release;
}

/** Who may make backups may not be allowed to list them. */
async function backupsOf(context: OperationContext, tables: readonly string[]): Promise<readonly Backup[]> {
  try {
    return await listTableBackups(context, tables);
  } catch (error) {
    if (error instanceof CliError) return [];
    throw error;
  }
}

/** Warnings for backups whose name another one bears: a run on another machine chose the same second. */
export async function namesakes(
  context: OperationContext,
  made: readonly { readonly table: string; readonly name: string; readonly arn: string }[],
): Promise<readonly string[]> {
  const all = await backupsOf(context, [...new Set(made.map(({ table }) => table))]);
  return made.flatMap(({ name, arn }) => {
    const others = all.filter((one) => one.name === name && one.arn !== arn).map((one) => one.arn);
    return others.length === 0
      ? []
      : [`another run gave the same name '${name}' (${others.join(', ')}): name this backup by its ARN, ${arn}`];
  });
}
