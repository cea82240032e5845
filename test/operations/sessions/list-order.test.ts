import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedHeap } from '../../../src/operations/sessions/heap.js';
import { comparison, SORT_KEYS } from '../../../src/operations/sessions/list.js';
import { DEFAULT_LAYOUT, type DecodedSession, isWanted } from '../../../src/schema/index.js';

const sessions = fc.array(
  fc.record({
    id: fc.uuid(),
    state: fc.constantFrom('active', 'expired', 'terminated', 'incomplete'),
    createdAt: fc.option(fc.integer({ min: 0, max: 50 })),
    lastActivityAt: fc.option(fc.integer({ min: 0, max: 50 })),
    expiresAt: fc.option(fc.integer({ min: 0, max: 50 })),
    sizeBytes: fc.integer({ min: 0, max: 5 }),
    problems: fc.constant<readonly string[]>([]),
  }),
  { maxLength: 60 },
);

describe('the heap', () => {
  it('keeps what a plain sort would put first, in its order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.integer({ min: 0, max: 30 }), (values, capacity) => {
        const heap = new BoundedHeap<number>(capacity, (a, b) => a - b);
        for (const value of values) heap.add(value);
        expect(heap.sorted()).toEqual(values.toSorted((a, b) => a - b).slice(0, capacity));
      }),
    );
  });

  it('and a sort agree for every order of a listing, whatever is missing', () => {
    fc.assert(
      fc.property(
        sessions,
        fc.constantFrom(...SORT_KEYS),
        fc.integer({ min: 0, max: 60 }),
        (values, sort, capacity) => {
          const heap = new BoundedHeap<DecodedSession>(capacity, comparison(sort, DEFAULT_LAYOUT));
          for (const value of values) heap.add(value);
          expect(heap.sorted()).toEqual(values.toSorted(comparison(sort, DEFAULT_LAYOUT)).slice(0, capacity));
        },
      ),
    );
  });
});

describe('isWanted', () => {
  it('lets a session through that passes each condition by itself, and no other', () => {
    const conditions = [
      { active: true },
      { expired: true },
      { terminated: true },
      { idle: 10 },
      { createdAfter: 20 },
      { createdBefore: 40 },
    ] as const;
    fc.assert(
      fc.property(sessions, fc.subarray([...conditions]), (values, chosen) => {
        for (const session of values) {
          const together = isWanted(DEFAULT_LAYOUT, session, Object.assign({}, ...chosen), 45);
          expect(together).toBe(chosen.every((condition) => isWanted(DEFAULT_LAYOUT, session, condition, 45)));
        }
      }),
    );
  });
});
