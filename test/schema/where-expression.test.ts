import { describe, expect, it } from 'vitest';
import { pushDown } from '../../src/schema/filter.js';
import { parseWhere, type Where } from '../../src/schema/where.js';
import { layoutNamed, NOW } from './fixtures.js';

/** What DynamoDB is asked to decide of a condition, its aliases filled in; undefined for nothing. */
function asked(text: string, layout = 'mcp'): string | undefined {
  const condition: Where | undefined = parseWhere(text);
  if (condition === undefined) throw new Error(text);
  const pushed = pushDown(layoutNamed(layout), { where: [condition] }, NOW);
  if (pushed === undefined) return undefined;
  const { expression, names, values } = pushed;
  return expression
    .replaceAll(/#n\d+/g, (alias) => names[alias] ?? '')
    .replaceAll(/:v\d+/g, (alias) => JSON.stringify(Object.values(values[alias] ?? {})[0]));
}

describe('a condition, as far as DynamoDB can decide it', () => {
  it.each([
    ['user exists', 'attribute_exists(user)'],
    ['user missing', 'attribute_not_exists(user)'],
    ['user=anna', '(user = "anna" OR NOT attribute_type(user, "S")) AND attribute_exists(user)'],
    ['user^=an', '(begins_with(user, "an") OR NOT attribute_type(user, "S")) AND attribute_exists(user)'],
    ['visits>=10', '(visits >= "10" OR NOT attribute_type(visits, "N")) AND attribute_exists(visits)'],
    // Text that is a number counts as one: only the client sees it.
    ['visits=10', 'attribute_exists(visits)'],
    // JSON text, and an attribute whose name has dots.
    ['state.userId=42', '(attribute_exists(state) OR attribute_exists(state.userId))'],
    ['state.userId missing', undefined],
    ['user!=anna', undefined],
    ['ttl<2027-01-01T00:00:00Z', 'ttl <= "1798761600"'],
    ['created_at>1h', `created_at >= "${NOW - 3_600_000 - 999}"`],
  ])('%s', (text, expression) => {
    expect(asked(text)).toBe(expression);
  });
});
