import { awsError, invalid, outsideModel, requireBetween, tableNotFound } from './errors.js';
import { type Json, numberIn, objectIn, textIn } from './json.js';
import { type DoubleContext, type Handler, isCreating, seconds, stateOf, type TableState } from './state.js';

/** "LatestRestorableDateTime is typically 5 minutes before the current time." */
const LAG_MS = 300_000;

/** The table, if backups can be made of it; for those operations a table that is CREATING is not there. */
export async function backedUpTable(double: DoubleContext, name: string): Promise<TableState> {
  const table = stateOf(double, name);
  if (table.deleting !== undefined || isCreating(double, table)) throw tableNotFound(name);
  try {
    await double.engine('DescribeTable', { TableName: name });
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') throw tableNotFound(name);
    throw error;
  }
  return table;
}

/** Backups are enabled for every new table, but not before some seconds have passed. */
const areBackupsReady = (double: DoubleContext, table: TableState): boolean =>
  double.now() >= table.activeAt + double.delays.backups;

export function requireBackupsReady(double: DoubleContext, table: TableState): void {
  if (areBackupsReady(double, table)) return;
  throw awsError(
    'ContinuousBackupsUnavailableException',
    `Backups are being enabled for the table: ${table.name}. Please retry later`,
  );
}

/** Between which instants, in epoch milliseconds, a table can be restored; undefined while recovery is off. */
export function recoveryWindowOf(
  double: DoubleContext,
  { recovery }: TableState,
): { readonly earliest: number; readonly latest: number } | undefined {
  if (recovery === undefined) return undefined;
  return {
    earliest: Math.max(recovery.since, double.now() - recovery.days * 86_400_000),
    latest: Math.max(recovery.since, double.now() - LAG_MS),
  };
}

function descriptionOf(double: DoubleContext, table: TableState): Json {
  const { recovery } = table;
  const window = recoveryWindowOf(double, table);
  return {
    ContinuousBackupsStatus: areBackupsReady(double, table) ? 'ENABLED' : 'DISABLED',
    PointInTimeRecoveryDescription:
      recovery === undefined || window === undefined
        ? { PointInTimeRecoveryStatus: 'DISABLED' }
        : {
            PointInTimeRecoveryStatus: 'ENABLED',
            RecoveryPeriodInDays: recovery.days,
            EarliestRestorableDateTime: seconds(window.earliest),
            LatestRestorableDateTime: seconds(window.latest),
          },
  };
}

export const describeContinuousBackups: Handler = async (double, body) => {
  const table = await backedUpTable(double, textIn(body, 'TableName') ?? '');
  return { ContinuousBackupsDescription: descriptionOf(double, table) };
};

/** Takes effect at once. Off and on again starts a new window. */
export const updateContinuousBackups: Handler = async (double, body) => {
  const specification = objectIn(body, 'PointInTimeRecoverySpecification') ?? {};
  const enable = specification['PointInTimeRecoveryEnabled'];
  const days = numberIn(specification, 'RecoveryPeriodInDays');
  if (typeof enable !== 'boolean') {
    throw outsideModel(
      enable,
      'pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled',
      'Member must not be null',
    );
  }
  requireBetween(specification['RecoveryPeriodInDays'], 'pointInTimeRecoverySpecification.recoveryPeriodInDays', 1, 35);
  const table = await backedUpTable(double, textIn(body, 'TableName') ?? '');
  requireBackupsReady(double, table);
  if (!enable && days !== undefined) {
    throw invalid('Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.');
  }
  if (enable) {
    table.recovery = { since: table.recovery?.since ?? double.now(), days: days ?? 35 };
  } else {
    delete table.recovery;
  }
  return { ContinuousBackupsDescription: descriptionOf(double, table) };
};
