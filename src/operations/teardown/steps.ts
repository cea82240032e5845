import { CliError } from '../../errors.js';
import type { StreamViewType } from '../../schema/index.js';
import { chooseWay, type ClearChoice, estimateClear } from '../clear/choice.js';
import { protectedError } from '../tables/recreate.js';
import type { StepName, TeardownRequest, TeardownTable } from './table.js';

interface StepBase {
  readonly table: TeardownTable;
  /** Why there is nothing to do; null when there is. */
  readonly skip: string | null;
  /** What comes with it and whoever consents should know. */
  readonly notes: readonly string[];
  /** Whether deletion protection is taken off. */
  readonly unprotects: boolean;
}

export interface BackupStep extends StepBase {
  readonly step: 'backup';
}

export interface ClearStep extends StepBase {
  readonly step: 'clear-data';
  /** null when there is nothing to do, or an interrupted run to finish. */
  readonly choice: ClearChoice | null;
}

export interface StreamStep extends StepBase {
  readonly step: 'disable-streams';
  readonly view: StreamViewType | null;
}

export interface DeleteStep extends StepBase {
  readonly step: 'delete';
}

/** One step on one table. */
export type PlannedStep = BackupStep | ClearStep | StreamStep | DeleteStep;

/** Where backups go: to AWS, or into a portable archive of all tables. */
export type BackupsPlace = { readonly kind: 'aws' } | { readonly kind: 'archive'; readonly folder: string };

interface Facts extends TeardownRequest {
  readonly isAws: boolean;
  /** null without the step `backup`. */
  readonly backups: BackupsPlace | null;
}

/** Whether steps take rows away, so that a backup before them has to be safe and not only there. */
export const takesRows = (steps: readonly StepName[]): boolean =>
  steps.includes('clear-data') || steps.includes('delete');

type Planner<S extends StepName> = (table: TeardownTable, facts: Facts) => Extract<PlannedStep, { step: S }>;

const nothing = (table: TeardownTable, skip: string) => ({ table, skip, notes: [], unprotects: false });

const REGIONS = ({ observed }: TeardownTable): string =>
  observed?.replicas.map(({ region }) => region).join(', ') ?? '';

/** Whether there is a table, and nobody is deleting it. */
export const isThere = ({ observed }: TeardownTable): boolean => observed !== null && observed.status !== 'DELETING';

/** Dropping a table of several owners takes the rows of the others along. */
function requireUnshared({ name, sharedBy }: TeardownTable, what: string, forceShared: boolean): void {
  if (sharedBy === null || forceShared) return;
  throw new CliError(
    'TEARDOWN_REFUSED',
    `table '${name}' may hold other things beside the sessions of the layout ${sharedBy.id}: ${what} takes them along`,
    { hint: "--clear-data deletes only the layout's rows; give --force-shared if all of the table may go" },
  );
}

const recoveryNotes = ({ observed }: TeardownTable): readonly string[] =>
  observed?.pointInTimeRecovery?.enabled === true
    ? [
        'point-in-time recovery is on: its recovery points are lost; AWS keeps one last backup of the table (SYSTEM) for 35 days',
      ]
    : [];

/** What a new table of the same settings would not have, of what the old one has. */
function differencesOf(table: TeardownTable, production: boolean): readonly string[] {
  const { observed, sharedBy, losses } = table;
  return [
    ...losses,
    // Until it is ACTIVE not all of its settings are known.
    ...(observed?.status === 'ACTIVE' ? [] : [`it is ${observed?.status ?? 'not there'}`]),
    ...(observed?.stream.enabled === true ? ['its stream would be a new one, with another ARN'] : []),
    ...(observed?.pointInTimeRecovery?.enabled === true ? ['its recovery points would be lost'] : []),
    ...(observed?.deletionProtection === true ? ['it is protected against deletion'] : []),
    ...(observed?.billing.mode === 'provisioned' ? ['auto scaling, if it has any, cannot be seen here'] : []),
    ...(sharedBy === null ? [] : ['other things beside sessions may be in it']),
    ...(table.isOwn ? [] : ['its keys are not those of the layout']),
    ...(production ? ['it is in production'] : []),
  ];
}

function planBackup(table: TeardownTable, { backups, steps }: Facts): BackupStep {
  const head = { step: 'backup' } as const;
  if (table.observed === null) return { ...head, ...nothing(table, 'it does not exist') };
  if (!isThere(table)) return { ...head, ...nothing(table, 'it is being deleted') };
  const isArchive = backups?.kind === 'archive';
  const how = isArchive ? [`into an archive, which is verified: ${backups.folder}`] : [];
  const since = isArchive ? 'while the archive is read, or after it,' : 'after the backup was asked for';
  const loss = takesRows(steps) ? [`what is written ${since} is lost: stop what writes first`] : [];
  return { ...head, table, skip: null, unprotects: false, notes: [...how, ...loss] };
}

function planClear(table: TeardownTable, facts: Facts): ClearStep {
  const { observed, unfinished, name } = table;
  const head = { step: 'clear-data', choice: null } as const;
  const isDeletedNext = facts.steps.includes('delete');
  if (unfinished !== null && isDeletedNext)
    return { ...head, ...nothing(table, 'an earlier run dropped it, and it is to be deleted') };
  if (unfinished !== null)
    return {
      ...head,
      table,
      skip: null,
      unprotects: false,
      notes: [
        `an earlier run dropped it and was cut off: its settings are put back from '${unfinished}'; rows written since stay`,
      ],
    };
  if (observed === null) return { ...head, ...nothing(table, 'it does not exist') };
  if (!isThere(table)) return { ...head, ...nothing(table, 'it is being deleted') };
  const estimate = estimateClear(observed, facts.pace, facts.isAws);
  const choice: ClearChoice =
    isDeletedNext && facts.recreate === null
      ? { way: 'items', why: 'making it anew makes no sense before --delete', estimate }
      : chooseWay(estimate, { recreate: facts.recreate, losses: differencesOf(table, facts.production) });
  const before = isDeletedNext ? ['it is deleted afterwards, rows and all: clearing it first only costs'] : [];
  if (choice.way === 'items') return { ...head, table, skip: null, choice, unprotects: false, notes: before };
  requireUnshared(table, '--recreate', facts.forceShared);
  const unprotects = observed.deletionProtection;
  if (unprotects && !facts.forceUnprotect) throw protectedError(name);
  if (table.losses.length > 0)
    throw new CliError('TEARDOWN_REFUSED', `table '${name}' cannot be made anew as it is: ${table.losses.join('; ')}`, {
      hint: 'leave --recreate out: deleting the rows leaves every setting as it is',
    });
  return {
    ...head,
    table,
    skip: null,
    choice,
    unprotects,
    notes: [
      ...before,
      'the table is away for about a minute: whoever reads or writes it meanwhile gets errors',
      ...(observed.stream.enabled
        ? ["its stream is a new one, with another ARN: point the old one's consumers to it"]
        : []),
      ...recoveryNotes(table),
      ...table.notes,
    ],
  };
}

function planStream(table: TeardownTable): StreamStep {
  const { observed, name } = table;
  const head = { step: 'disable-streams', view: null } as const;
  if (observed === null) return { ...head, ...nothing(table, 'it does not exist') };
  if (!isThere(table)) return { ...head, ...nothing(table, 'it is being deleted') };
  if (!observed.stream.enabled) return { ...head, ...nothing(table, 'its stream is off') };
  if (observed.replicas.length > 0)
    throw new CliError(
      'TEARDOWN_REFUSED',
      `the stream of table '${name}' carries its replication to ${REGIONS(table)}: it cannot be turned off`,
      { hint: 'remove the replicas first' },
    );
  return {
    step: 'disable-streams',
    table,
    skip: null,
    unprotects: false,
    view: observed.stream.viewType,
    notes: ['its consumers get nothing more; what is in it can be read for 24 hours'],
  };
}

function planDelete(table: TeardownTable, facts: Facts): DeleteStep {
  const { observed, name } = table;
  const head = { step: 'delete' } as const;
  const plain = { ...head, table, skip: null, unprotects: false };
  if (observed === null && table.unfinished === null) return { ...head, ...nothing(table, 'it does not exist') };
  if (observed === null)
    return {
      ...plain,
      notes: [`an earlier run dropped it: its settings in '${table.unfinished ?? ''}' are forgotten`],
    };
  if (!isThere(table)) return { ...plain, notes: ['it is being deleted already'] };
  requireUnshared(table, '--delete', facts.forceShared);
  const unprotects = observed.deletionProtection;
  if (unprotects && !facts.forceUnprotect) throw protectedError(name);
  return {
    ...head,
    table,
    skip: null,
    unprotects,
    notes: [
      ...recoveryNotes(table),
      ...(observed.replicas.length > 0
        ? [`only the replica here goes: those in ${REGIONS(table)} keep the rows, and take writes as before`]
        : []),
    ],
  };
}

export const planSteps: { readonly [S in StepName]: Planner<S> } = {
  backup: planBackup,
  'clear-data': planClear,
  'disable-streams': planStream,
  delete: planDelete,
};
