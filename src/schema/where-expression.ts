import { type Aliases, anyOf, hasType, instantCondition } from './expression.js';
import { isNumeric } from './decimal.js';
import { parseInstant } from './duration.js';
import { codecOf } from './payload.js';
import { isOrder, timeFieldAt, type Where, type WhereMeaning } from './where.js';

/** Numbers that DynamoDB takes as they are. */
const SHORT_NUMBER = /^-?\d{1,30}$/;

/**
 * What DynamoDB can decide of a condition: it lets every item through that meets it, and others too. What stands in JSON
 * text is decided in the client, as are text that is a number and elements of lists. Empty when it can decide nothing.
 */
export function whereCondition(
  { path, operator, value }: Where,
  meaning: WhereMeaning,
  now: number,
  aliases: Aliases,
): readonly string[] {
  const steps = path.split('.');
  // What is not there is unequal to everything.
  if (operator === '!=') return [];
  if (operator === 'missing') return steps.length === 1 ? [`attribute_not_exists(${aliases.name(path)})`] : [];
  const time = timeFieldAt(meaning, path);
  if (time !== undefined && isOrder(operator) && !isNumeric(value)) {
    const instant = parseInstant(value, now);
    const bound = operator.startsWith('<') ? '<=' : '>=';
    const decided = instant === undefined ? [] : instantCondition(time, bound, instant, false, aliases);
    if (decided.length > 0) return decided;
  }
  const name = aliases.name(path);
  if (steps.length === 1 && time === undefined && codecOf(meaning.payload, path) !== 'json') {
    if (operator === '=' && !isNumeric(value))
      return [`(${name} = ${aliases.value({ S: value })} OR NOT ${hasType(name, 'S', aliases)})`, exists(name)];
    if (operator === '^=')
      return [
        `(begins_with(${name}, ${aliases.value({ S: value })}) OR NOT ${hasType(name, 'S', aliases)})`,
        exists(name),
      ];
    if (isOrder(operator) && SHORT_NUMBER.test(value))
      return [
        `(${name} ${operator} ${aliases.value({ N: value })} OR NOT ${hasType(name, 'N', aliases)})`,
        exists(name),
      ];
  }
  // A name may have dots of its own.
  return [anyOf(steps.map((_, at) => exists(aliases.name(steps.slice(0, at + 1).join('.')))))];
}

const exists = (name: string): string => `attribute_exists(${name})`;
