import { CliError } from '../../errors.js';
import { folderProblem } from '../../archive/folder.js';
import { isProduction, type TableName } from '../../schema/index.js';
import { offersBackups } from '../backup/place.js';
import { type OperationContext, type Place, placeOf } from '../context.js';
import type { Target } from '../target.js';
import { type BackupsPlace, isThere, planSteps, type PlannedStep } from './steps.js';
import { lookAt, STEPS, type TeardownRequest, type TeardownTable } from './table.js';

export interface TeardownPlan extends Place {
  /** The account in the tables' ARNs; null on an engine. */
  readonly account: string | null;
  readonly layout: string;
  readonly target: Target;
  /** Where the tables are backed up; null without that step. */
  readonly backups: BackupsPlace | null;
  /** In the order of the steps: events before sessions. */
  readonly tables: readonly TeardownTable[];
  readonly steps: readonly PlannedStep[];
  /** A table is tagged as production's. */
  readonly taggedProduction: boolean;
}

/**
 * Finds out what is to be done, table by table, and what that costs and loses; changes nothing. Throws TEARDOWN_REFUSED
 * or LAYOUT_MISMATCH where a table is not to be touched as asked.
 */
export async function planTeardown(
  context: OperationContext,
  target: Target,
  request: TeardownRequest,
): Promise<TeardownPlan> {
  const names = target.names.filter(({ role }) => request.only === null || role === request.only);
  if (names.length === 0)
    throw new CliError('USAGE', `the layout ${target.layout.id} has no ${request.only ?? ''} table`);
  const ordered = names.toSorted((a, b) => rank(a) - rank(b));
  const tables = await Promise.all(ordered.map((name) => lookAt(context, target, request, name)));
  const taggedProduction = tables.some(({ observed }) => isProduction(observed?.tags?.Environment ?? ''));
  const { isAws } = context.dynamo;
  const backups = request.steps.includes('backup') ? await placeOfBackups(context, request, tables) : null;
  const facts = { ...request, production: request.production || taggedProduction, isAws, backups };
  return {
    ...placeOf(context),
    account: accountOf(context, tables),
    layout: target.layout.id,
    target,
    backups,
    tables,
    steps: STEPS.filter((step) => request.steps.includes(step)).flatMap((step) =>
      tables.map((table) => planSteps[step](table, facts)),
    ),
    taggedProduction,
  };
}

/** The account that the tables belong to, which their ARNs say; an engine's ARNs are of no region. */
function accountOf({ dynamo }: OperationContext, tables: readonly TeardownTable[]): string | null {
  const accounts = tables.flatMap(({ observed }) => {
    const [, , , region, account = ''] = observed?.arn?.split(':') ?? [];
    return region === dynamo.region && /^\d{12}$/.test(account) && !/^0+$/.test(account) ? [account] : [];
  });
  return accounts[0] ?? null;
}

async function placeOfBackups(
  context: OperationContext,
  { archiveTo, archiveFolder }: TeardownRequest,
  tables: readonly TeardownTable[],
): Promise<BackupsPlace> {
  if (archiveTo === null && (await offersBackups(context))) return { kind: 'aws' };
  const named = tables.find(({ role }) => role === 'sessions') ?? tables[0];
  const folder = archiveTo ?? archiveFolder(named?.name ?? 'tables');
  // Where nothing is left nothing is written.
  if (folderProblem(folder) !== null && tables.some(isThere))
    throw new CliError('ARCHIVE_EXISTS', `the folder '${folder}' is not empty`, {
      hint: 'name another with --to: what is deleted next is backed up whole, into a folder of its own',
    });
  return { kind: 'archive', folder };
}

/** Events before sessions: a session never has its events taken away later than itself. */
const rank = ({ role }: TableName): number => (role === 'events' ? 0 : 1);
