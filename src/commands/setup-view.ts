import type { SetupPlan, SetupResult } from '../operations/setup/setup.js';
import type { Page } from '../output/page.js';
import type { View } from '../output/view.js';
import { PLAN_COLUMNS, planRecords, planText, tablesJson } from './plan-view.js';

export interface SetupViewOptions {
  /** Where the tables are, for people. */
  readonly place: string;
  /** Variables that lead an application to the tables. */
  readonly env: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
  readonly applied: boolean;
  /** The last line for people. */
  readonly closing: string;
  /** The plan stands on the terminal already, above the question. */
  readonly planWasShown?: boolean;
}

const heading = (plan: SetupPlan | SetupResult, place: string): string => `layout ${plan.layout} ${place}`;

/** The plan for the terminal, above the question. */
export const planPage = (page: Page, plan: SetupPlan, place: string): string =>
  `${page.note(heading(plan, place))}\n\n${planText(page, plan)}`;

export function setupView(plan: SetupPlan | SetupResult, options: SetupViewOptions): View {
  const { place, env, dryRun, applied, closing, planWasShown = false } = options;
  const { region, endpoint, layout } = plan;
  const tables = tablesJson(plan);
  const warnings = 'warnings' in plan ? { warnings: plan.warnings } : {};
  return {
    json: { region, endpoint, layout, dryRun, applied, tables, env, ...warnings },
    lines: tables,
    columns: PLAN_COLUMNS,
    records: planRecords(plan),
    human: (page) => {
      // A result that goes to a file is to be whole, whatever the terminal has shown.
      const brief = planWasShown && page.width !== undefined;
      const above = brief ? '' : `${page.note(heading(plan, place))}\n\n`;
      return `${above}${planText(page, plan, { brief })}\n\n${page.note(closing)}`;
    },
  };
}
