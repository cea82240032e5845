import { type Backup, newestBackup } from '../../dynamodb/backups.js';
import { observeTable } from '../../dynamodb/describe.js';
import { scanPages } from '../../dynamodb/items.js';
import { CliError } from '../../errors.js';
import {
  decodeSession,
  describeKeys,
  generic,
  lastUseOf,
  type Layout,
  matchesFilter,
  type TableName,
  type TableRole,
} from '../../schema/index.js';
import type { ClearPace } from '../clear/clear.js';
import type { OperationContext } from '../context.js';
import { readWhole } from '../tables/put-back.js';
import { isUnfinished, lossesOf } from '../tables/recreate.js';
import type { Target } from '../target.js';

/** The steps in the order in which they are made; each waits for those before it. */
export const STEPS = ['backup', 'clear-data', 'disable-streams', 'delete'] as const;
export type StepName = (typeof STEPS)[number];

export interface TeardownRequest {
  readonly steps: readonly StepName[];
  /** Only the table of this role; null for all of the layout's. */
  readonly only: TableRole | null;
  /** Clear by dropping the table and making it anew; null: choose by what it costs. */
  readonly recreate: boolean | null;
  readonly forceUnprotect: boolean;
  readonly forceShared: boolean;
  /** Whether the command was told that this is production. */
  readonly production: boolean;
  readonly pace: ClearPace;
  /** The folder of a portable archive, named by the user; null: AWS's own backups, an archive where there are none. */
  readonly archiveTo: string | null;
  /** Where an archive of tables goes for which no folder was named. */
  readonly archiveFolder: (table: string) => string;
  /** Where the settings of a table are kept while it is not there. */
  readonly recordFile: (table: string) => string;
  /** Also look at the rows, where that is cheap, for whoever is asked. */
  readonly look: boolean;
}

type Observed = NonNullable<Awaited<ReturnType<typeof observeTable>>>;

/** One table as it was found. */
export interface TeardownTable {
  readonly name: string;
  readonly role: TableRole;
  /** null when it does not exist. */
  readonly observed: Observed | null;
  /** Whether its keys are those of the layout. */
  readonly isOwn: boolean;
  /** The layout whose rows are in it beside others; null where all rows are the layout's. */
  readonly sharedBy: Layout | null;
  /** Settings of the table that an interrupted run keeps in a file; null when there are none. */
  readonly unfinished: string | null;
  /** What a table made anew would lack, in words, and what else would be different. */
  readonly losses: readonly string[];
  readonly notes: readonly string[];
  readonly recordFile: string;
  /** null when there is none, undefined where it cannot be known. */
  readonly newestBackup: Backup | null | undefined;
  /** Rows of the layout and the last activity (epoch milliseconds), where a look at all of them was cheap. */
  readonly seen: { readonly rows: number; readonly newest: number | null } | null;
}

/** A table as it is, and what there is to know before it is touched. Throws LAYOUT_MISMATCH for one that may be another's. */
export async function lookAt(
  context: OperationContext,
  { layout, names }: Target,
  request: TeardownRequest,
  { name, role, source }: TableName,
): Promise<TeardownTable> {
  const { dynamo } = context;
  const recordFile = request.recordFile(name);
  const [observed, backup, unfinished] = await Promise.all([
    observeTable(dynamo, name),
    newestBackup(dynamo, name),
    isUnfinished(context, name, recordFile),
  ]);
  const keys = layout.tables.find((spec) => spec.role === role)?.keys ?? null;
  const isOwn =
    observed === null ||
    (layout.id !== generic.id && keys !== null && describeKeys(keys) === describeKeys(observed.keys));
  if (observed !== null && !isOwn && source !== flagOf(role)) throw foreign(observed, role, layout, source);
  const sharedBy = role === 'sessions' && layout.session.filter.length > 0 ? layout : null;
  const wantsRecord = request.steps.includes('clear-data') && observed?.status === 'ACTIVE';
  const whole = wantsRecord ? await readWhole(context, { name, role, layout: layout.id }) : null;
  const isSessions = names.some((each) => each.name === name && each.role === 'sessions');
  const canLook = request.look && isSessions && observed !== null && READABLE.has(observed.status);
  return {
    name,
    role,
    observed,
    isOwn,
    sharedBy,
    unfinished: unfinished ? recordFile : null,
    losses: whole === null ? [] : lossesOf(whole.record),
    notes: whole?.notes ?? [],
    recordFile,
    newestBackup: backup,
    seen: canLook ? await seenIn(context, layout, observed) : null,
  };
}

const READABLE = new Set(['ACTIVE', 'UPDATING']);

/** The flag by which a table is named on the command line; the environment and a file name tables for other commands too. */
const flagOf = (role: TableRole): string => `--${role}-table`;

function foreign({ name, keys }: Observed, role: TableRole, layout: Layout, source: string): CliError {
  const what =
    layout.id === generic.id
      ? 'nothing tells that it holds sessions'
      : `it has the keys ${describeKeys(keys)}, which are not those of the layout ${layout.id}`;
  return new CliError('LAYOUT_MISMATCH', `table '${name}' (named by: ${source}) may be another's: ${what}`, {
    hint: `if it is the one, name it with ${flagOf(role)} ${name}, and confirm it by its name`,
  });
}

const CHEAP_ROWS = 2000;
const CHEAP_PAGES = 3;

/** All rows, where there are few; else null: the newest is known only to who has read all. */
async function seenIn(context: OperationContext, layout: Layout, table: Observed): Promise<TeardownTable['seen']> {
  if (table.itemCount > CHEAP_ROWS) return null;
  let [pages, rows] = [0, 0];
  let newest: number | null = null;
  for await (const { items } of scanPages(context.dynamo, table.name)) {
    pages += 1;
    if (pages > CHEAP_PAGES) return null;
    for (const item of items.filter((each) => matchesFilter(each, layout.session.filter))) {
      rows += 1;
      const last = lastUseOf(layout, decodeSession(layout, item, context.now()));
      if (last !== null && (newest === null || last > newest)) newest = last;
    }
  }
  return { rows, newest };
}
