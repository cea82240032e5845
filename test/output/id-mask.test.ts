import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdMask, isPipeline, shortId, wordsLikeIds } from '../../src/output/id-mask.js';

const ID = '01a1f8efa9cd708d98f53a7d94186ed5';

describe('an id that is masked', () => {
  it('is its first four characters and four digits of its SHA-256', () => {
    // echo -n 01a1f8efa9cd708d98f53a7d94186ed5 | sha256sum
    expect(shortId(ID)).toBe('01a1…00d3');
    expect(shortId(ID)).toBe(shortId(ID));
  });

  it('shows at most a quarter, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (id) => {
        const [head = ''] = shortId(id).split('…');
        expect(Array.from(head).length).toBeLessThanOrEqual(Math.min(4, Array.from(id).length / 4));
      }),
    );
  });
});

describe('a mask', () => {
  it('that is off changes nothing', () => {
    const mask = new IdMask(false);
    expect(mask.note(ID)).toBe(ID);
    expect([mask.text(ID), mask.deep({ [ID]: ID })]).toEqual([ID, { [ID]: ID }]);
  });

  it('finds the ids that were noted in texts, keys and values, also within words and JSON', () => {
    const mask = new IdMask(true);
    const short = mask.note(ID);
    expect(mask.text(`x${ID}y '${ID}'`)).toBe(`x${short}y '${short}'`);
    expect(mask.deep({ [ID]: [`OWNER#${ID}`, { n: 1, at: null }] })).toEqual({
      [short]: [`OWNER#${short}`, { n: 1, at: null }],
    });
    const odd = 'quote"line\nend-of-it';
    mask.note(odd);
    expect(mask.text(JSON.stringify({ odd }))).toBe(JSON.stringify({ odd: shortId(odd) }));
    const slashed = 'a/b+c==0123456789';
    mask.note(slashed);
    expect(mask.text(`?id=${encodeURIComponent(slashed)}`)).not.toContain('0123456789');
  });

  it('leaves words alone that a short id is part of', () => {
    const mask = new IdMask(true);
    mask.note('one');
    expect(mask.text("done: 'one' of one")).toBe("done: '…7692' of one");
  });

  it('never lets an id through that was noted last, and never fails', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: 'binary' }), fc.string({ unit: 'binary' }), (id, around) => {
        fc.pre(!shortId(id).includes(id) && !around.includes(id));
        const mask = new IdMask(true);
        mask.note(id);
        const value = { a: `${around}${id}${around}`, b: [id] };
        const shown = mask.text(JSON.stringify(mask.deep(value)));
        expect(shown.includes(id) && !JSON.stringify({ a: around + around, b: [shortId(id)] }).includes(id)).toBe(
          false,
        );
      }),
    );
  });

  it('keeps a bounded number of them', () => {
    const mask = new IdMask(true);
    for (let at = 0; at < 1000; at += 1) mask.note(`id-number-${at}`);
    expect(mask.text('id-number-999')).toBe(shortId('id-number-999'));
    expect(mask.text('id-number-1 ')).toBe('id-number-1 ');
  });
});

it('a pipeline is where CI is set, and not to false', () => {
  expect(['true', '1', 'woodpecker'].map((CI) => isPipeline({ CI }))).toEqual([true, true, true]);
  expect([{}, { CI: '' }, { CI: 'false' }, { CI: '0' }].map((env) => isPipeline(env))).toEqual(Array(4).fill(false));
});

it('words like ids are long, and have digits', () => {
  expect(wordsLikeIds(['show', ID, '--sessions-table', 'mcp-sessions', `session_id=${ID}`])).toEqual([ID, ID, ID]);
});
