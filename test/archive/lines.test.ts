import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ArchivedItem, itemsOf } from '../../src/archive/lines.js';
import { tempFolder } from '../support/cli.js';

async function read(
  content: string | Buffer,
  items: number,
  rawBytes: number | null = null,
): Promise<readonly ArchivedItem[]> {
  const file = path.join(tempFolder(), 'data.json.gz');
  writeFileSync(file, typeof content === 'string' ? gzipSync(content) : content);
  const all: ArchivedItem[] = [];
  for await (const found of itemsOf({ file, name: 'data', items, rawBytes }, null)) all.push(...found);
  return all;
}

const line = (text: string): string => `${JSON.stringify({ Item: { a: { S: text } } })}\n`;

describe('itemsOf', () => {
  it('ends a line at \\n alone: JSON may have U+2028 and U+2029 in it, and \\r at its end', async () => {
    const texts = ['x\u2028y\u2029z', 'a\u0085b', 'ü'.repeat(300_000)];
    const found = await read(texts.map(line).join('').replace(/\n$/, '\r\n'), 3);
    expect(found.map(({ line: number, item }) => [number, item['a']])).toEqual(texts.map((S, at) => [at + 1, { S }]));
  });

  it('takes members of gzip that follow each other, a last line without its end, and nothing at all', async () => {
    const two = Buffer.concat([gzipSync(line('x')), gzipSync(line('y').trimEnd())]);
    expect((await read(two, 2)).map(({ item }) => item['a'])).toEqual([{ S: 'x' }, { S: 'y' }]);
    expect(await read('', 0)).toEqual([]);
  });

  it.each([
    ['too few', line('x'), 2, null, /line 2: is missing/],
    ['too many', line('x').repeat(3), 2, null, /line 3: is more than the 2 items/],
    ['empty line', `${line('x')}\n${line('y')}`, 3, null, /line 2: is no JSON/],
    ['no Item', '{"Keys":{}}\n', 1, null, /line 1: has no Item/],
    ['a bomb', ' '.repeat(20_000_000), 1, null, /longer than any item/],
    ['more than was said', line('x'), 1, 10, /unpacks to more than the 10 bytes/],
    ['less than was said', line('x'), 1, 1000, /unpacks to \d+ bytes in place of 1000/],
    ['no gzip', Buffer.from('no gzip'), 1, null, /not as gzip wrote it/],
    ['cut off', gzipSync(line('x'.repeat(1000))).subarray(0, 30), 1, null, /not as gzip wrote it/],
  ] as const)('refuses %s', async (_name, content, items, rawBytes, reason) => {
    await expect(read(content, items, rawBytes)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(reason),
    });
  });

  it('does not quote the item that is no JSON', async () => {
    await expect(read('{"Item":{"secret":{"S":"hunter2}}}\n', 1)).rejects.toThrow(/^(?!.*hunter2)/);
  });

  it('says of a file that is not there what the disk says', async () => {
    const source = { file: '/nowhere/data.json.gz', name: 'data', items: 1, rawBytes: null };
    await expect(itemsOf(source, null).next()).rejects.toMatchObject({ code: 'FILE_ERROR' });
  });
});
