import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { createTerminal } from '../../src/terminal/io.js';
import { PromptOutput } from '../../src/terminal/prompt-output.js';
import { createSpinner } from '../../src/terminal/spinner.js';

/** Far more than a second of a moving line takes; who goes on without end is stopped here. */
const MOST_WRITES = 2000;

/** A terminal without a size, as `script` and some containers give: it says that it has 0 columns and rows. */
function unsized() {
  const texts: string[] = [];
  const stderr = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 0,
    rows: 0,
    write: (text: string): boolean => {
      if (texts.push(text) > MOST_WRITES) throw new Error('writes without end');
      return true;
    },
    cursorTo: () => true,
    clearLine: () => stderr.write('\u001b[2K'),
    moveCursor: () => stderr.write('\u001b[1A'),
  });
  return { stderr, texts };
}

it('a line moves on a terminal that has no size', async () => {
  const { stderr, texts } = unsized();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const spinner = createSpinner(createTerminal({ stdin, stdout: stderr, stderr, env: { TERM: 'xterm' } }));
  spinner.show('reading');
  await expect.poll(() => stripVTControlCharacters(texts.join(''))).toContain('reading');
  spinner.show('reading more');
  await sleep(300);
  spinner.stop();
  expect(stripVTControlCharacters(texts.join(''))).toContain('reading more');
  expect(texts.length).toBeLessThan(200);
});

it('a question is as wide as terminals are where its own says nothing', () => {
  const { stderr } = unsized();
  const output = new PromptOutput(stderr, false);
  expect([output.columns, output.rows]).toEqual([undefined, undefined]);
});
