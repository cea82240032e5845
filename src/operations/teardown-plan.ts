import { CliError } from '../errors.js';
import { isProduction, type TableName } from '../schema/index.js';
import { type OperationContext, type Place, placeOf } from './context.js';
import type { Target } from './target.js';
import { planSteps, type PlannedStep } from './teardown-steps.js';
import { lookAt, STEPS, type TeardownRequest, type TeardownTable } from './teardown-table.js';

export interface TeardownPlan extends Place {
  /** The account in the tables' ARNs; null on an engine. */
  readonly account: string | null;
  readonly layout: string;
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
  const facts = { ...request, production: request.production || taggedProduction, isAws };
  const arn = tables.map(({ observed }) => observed?.arn).find((each) => each !== null && each !== undefined);
  return {
    ...placeOf(context),
    account: isAws ? (arn?.split(':')[4] ?? null) : null,
    layout: target.layout.id,
    tables,
    steps: STEPS.filter((step) => request.steps.includes(step)).flatMap((step) =>
      tables.map((table) => planSteps[step](table, facts)),
    ),
    taggedProduction,
  };
}

/** Events before sessions: a session never has its events taken away later than itself. */
const rank = ({ role }: TableName): number => (role === 'events' ? 0 : 1);
