import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameProblem } from '../../src/schema/index.js';

describe('nameProblem', () => {
  it.each(['abc', 'mcp-sessions', 'LLM-Duel-Sessions', 'a.b_c-1', 'x'.repeat(255)])('takes %s', (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });

  it.each([
    ['', /shorter/],
    ['ab', /shorter/],
    ['x'.repeat(256), /longer/],
    ['a b c', /may hold only/],
    ['séance', /may hold only/],
    ['arn:aws:dynamodb', /may hold only/],
    ['abc\n', /may hold only/],
  ])('refuses %j', (name, problem) => {
    expect(nameProblem(name)).toMatch(problem);
  });

  it('takes exactly the names that DynamoDB takes', () => {
    const unit = fc.constantFrom('a', 'Z', '0', '_', '-', '.', '/', ' ', 'ä');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), (name) => {
        expect(nameProblem(name) === undefined).toBe(/^[\w.-]{3,255}$/.test(name));
      }),
    );
  });
});
