import type { AttributeType, AttributeValue } from './attribute-value.js';
import { writeTime } from './time.js';
import type { TimeField } from './types.js';

/** An expression for DynamoDB, every attribute's name aliased. */
export interface Expression {
  readonly expression: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, AttributeValue>>;
}

/** Builds expressions: about 570 words are reserved, so names are always aliased. */
export class Aliases {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};

  name(attribute: string): string {
    const known = Object.entries(this.names).find(([, name]) => name === attribute)?.[0];
    if (known !== undefined) return known;
    const alias = `#n${Object.keys(this.names).length}`;
    this.names[alias] = attribute;
    return alias;
  }

  value(value: AttributeValue): string {
    const alias = `:v${Object.keys(this.values).length}`;
    this.values[alias] = value;
    return alias;
  }
}

/** Redundant parentheses are an error to DynamoDB. */
export const anyOf = (conditions: readonly string[]): string =>
  conditions.length === 1 ? (conditions[0] ?? '') : `(${conditions.join(' OR ')})`;

export const hasType = (name: string, type: AttributeType, aliases: Aliases): string =>
  `attribute_type(${name}, ${aliases.value({ S: type })})`;

/** Only numbers at the top level: text in several forms of ISO 8601 does not sort by time, payloads are JSON. */
export function instantCondition(
  field: TimeField,
  operator: '<=' | '>=',
  ms: number,
  absentToo: boolean,
  aliases: Aliases,
): readonly string[] {
  const isNumber = field.unit === 's' || field.unit === 'ms' || field.unit === 'us';
  if (!isNumber || field.paths.some((path) => path.length > 1)) return [];
  // Seconds are rounded away from the bound, so that no fraction of one is lost here.
  const bound = operator === '<=' ? ms + 999 : ms - 999;
  const value = aliases.value(writeTime(bound, field.unit));
  const names = field.paths.map(([name]) => aliases.name(name));
  const comparisons = names.map((name) => `${name} ${operator} ${value}`);
  if (!absentToo) return [anyOf(comparisons)];
  // NULL counts as absent, and an attribute that is absent gives way to the next name.
  const absent = names.map((name) => `(attribute_not_exists(${name}) OR ${hasType(name, 'NULL', aliases)})`);
  // Redundant parentheses are an error to DynamoDB.
  return [anyOf([...comparisons, absent.length === 1 ? absent.join('') : `(${absent.join(' AND ')})`])];
}
