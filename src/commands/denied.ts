import type { Finding } from '../operations/tables/doctor.js';
import type { IamNeed } from '../schema/iam.js';
import type { CommandDefinition } from './definition.js';
import { COMMANDS } from './index.js';

/** How a refusal is told; see accessDenied in dynamodb/aws-errors.ts. */
const DENIED = /^access denied: .* may not (\S+)/;

/** Commands that run, by their whole names, and what they need. */
const runnable = (
  definitions: readonly CommandDefinition[],
  before = '',
): readonly (readonly [string, readonly IamNeed[]])[] =>
  definitions.flatMap(({ name, run, needs = [], subcommands = [] }) => [
    ...(run === undefined ? [] : [[`${before}${name}`, needs] as const]),
    ...runnable(subcommands, `${before}${name} `),
  ]);

/** Says of a refusal which commands do not work for it, from what each declares to need. */
export function withBrokenCommands(finding: Finding): Finding {
  const action = DENIED.exec(finding.detail)?.[1];
  if (finding.ok || action === undefined) return finding;
  const [subject] = finding.check.split(' ');
  const needing = (isWanted: (need: IamNeed) => boolean): readonly string[] =>
    runnable(COMMANDS.filter(({ name }) => name !== 'doctor'))
      .filter(([, needs]) =>
        needs.some(
          (need) =>
            need.optional !== true &&
            need.actions.some((each) => each === action) &&
            (need.role === undefined || need.role === subject) &&
            isWanted(need),
        ),
      )
      .map(([name]) => name);
  const always = needing((need) => need.when === undefined);
  const sometimes = needing((need) => need.when !== undefined).filter((name) => !always.includes(name));
  const told = [
    ...(always.length === 0 ? [] : [`not to be used without it: ${always.join(', ')}`]),
    ...(sometimes.length === 0 ? [] : [`in some cases not: ${sometimes.join(', ')}`]),
  ];
  return told.length === 0 ? finding : { ...finding, detail: `${finding.detail}; ${told.join('; ')}` };
}
