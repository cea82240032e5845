import { describe, expect, it } from 'vitest';
import { withTtlFault } from '../../../src/operations/tables/ttl-fault.js';
import type { DecodedSession, Item, ObservedTable } from '../../../src/schema/index.js';

const NOW = Date.UTC(2026, 5, 1);
const SIX_YEARS_AGO = { N: String(Date.UTC(2020, 5, 1) / 1000) };
const SESSION: DecodedSession = {
  id: 'x',
  state: 'expired',
  createdAt: null,
  lastActivityAt: null,
  expiresAt: null,
  sizeBytes: 1,
  problems: ['odd'],
};

const problemsOf = (item: Item, ttl: ObservedTable['ttl']): readonly string[] =>
  withTtlFault(SESSION, item, { ttl }, NOW).problems;

describe('what keeps TTL from a row', () => {
  it.each(['ENABLED', 'ENABLING'] as const)('is a problem while TTL is %s', (status) => {
    expect(problemsOf({ ttl: SIX_YEARS_AGO }, { status, attribute: 'ttl' })).toEqual([
      'odd',
      'ttl is more than five years past, which TTL ignores',
    ]);
  });

  it('is none while TTL is turned off, or off, or goes by another attribute', () => {
    expect(problemsOf({ ttl: SIX_YEARS_AGO }, { status: 'DISABLING', attribute: 'ttl' })).toEqual(['odd']);
    expect(problemsOf({ ttl: SIX_YEARS_AGO }, { status: 'DISABLED', attribute: null })).toEqual(['odd']);
    const right = { N: String(NOW / 1000) };
    expect(problemsOf({ ttl: SIX_YEARS_AGO, gone: right }, { status: 'ENABLED', attribute: 'gone' })).toEqual(['odd']);
  });

  it.each<[string, Item]>([
    ['no value', {}],
    ['a NULL', { ttl: { NULL: true } }],
  ])('is %s', (_name, item) => {
    const problem = 'without ttl: TTL never removes it';
    expect(problemsOf(item, { status: 'ENABLED', attribute: 'ttl' })).toEqual(['odd', problem]);
    expect(problemsOf(item, { status: 'DISABLED', attribute: 'ttl' })).toEqual(['odd']);
  });

  it("is one in an attribute that is not the layout's too, and said once", () => {
    const ttl = { status: 'ENABLED', attribute: 'gone' } as const;
    const problems = ['odd', "gone is the text 'soon', not a number of seconds"];
    expect(problemsOf({ gone: { S: 'soon' } }, ttl)).toEqual(problems);
    const again = withTtlFault({ ...SESSION, problems }, { gone: { S: 'soon' } }, { ttl }, NOW);
    expect(again.problems).toEqual(problems);
  });
});
