import { describe, expect, it } from 'vitest';
import { createTerminal } from '../../src/terminal/io.js';
import { createProgress, progressText } from '../../src/terminal/progress.js';
import { fakeStreams, screenOf, until } from '../support/fake-terminal.js';

const ESCAPE = '\u001b';

function piped(options: { quiet?: boolean; verbose?: boolean } = {}) {
  const streams = fakeStreams({ tty: false });
  const clock = { ms: 0 };
  const progress = createProgress(createTerminal(streams), { ...options, now: () => clock.ms });
  return { progress, streams, clock };
}

function shown(columns = 80, options: { verbose?: boolean; quiet?: boolean } = {}) {
  const streams = fakeStreams({ tty: true, columns });
  const progress = createProgress(createTerminal(streams), options);
  return { progress, streams, screen: () => screenOf(streams.stderr.written) };
}

describe('progressText', () => {
  it('says what is done, where and how far it is', () => {
    expect(
      progressText({ step: 'deleting sessions', table: 'mcp-sessions', done: 1200, total: 5000, unit: 'items' }),
    ).toBe('deleting sessions in mcp-sessions: 1,200 of 5,000 items (24%)');
    expect(progressText({ step: 'scanning', done: 7, unit: 'items', detail: 'segment 3' })).toBe(
      'scanning: 7 items, segment 3',
    );
    expect(progressText({ step: 'waiting', detail: 'CREATING' })).toBe('waiting: CREATING');
    expect(progressText({ step: 'waiting' })).toBe('waiting');
  });

  it('never goes beyond 100 %, and has no share of nothing', () => {
    expect(progressText({ step: 's', done: 12, total: 10 })).toBe('s: 12 of 10 (100%)');
    expect(progressText({ step: 's', done: 0, total: 0 })).toBe('s: 0 of 0');
  });
});

describe('off a terminal', () => {
  it('writes a line when a step begins, and then one every five seconds', () => {
    const { progress, streams, clock } = piped();
    for (let done = 0; done <= 110; done += 1) {
      clock.ms = done * 100;
      progress.report({ step: 'deleting', done });
    }
    progress.report({ step: 'waiting' });
    progress.stop();
    expect(streams.stderr.written).toBe('deleting: 0\ndeleting: 50\ndeleting: 100\nwaiting\n');
    expect(streams.stdout.written).toBe('');
  });

  it('does not let two tables take turns line by line', () => {
    const { progress, streams } = piped();
    for (const table of ['a', 'b', 'a', 'b']) progress.report({ step: 'scanning', table });
    expect(streams.stderr.written).toBe('scanning in a\nscanning in b\n');
  });

  it('writes neither progress nor notes when quiet, but still the calls that were asked for', () => {
    const { progress, streams } = piped({ quiet: true, verbose: true });
    progress.report({ step: 'deleting' });
    progress.note('a note');
    expect(streams.stderr.written).toBe('');
    progress.logCall({ operation: 'Scan', ms: 3 });
    expect(streams.stderr.written).toBe('aws: Scan 3 ms\n');
  });

  it('makes text of a table harmless', () => {
    const { progress, streams } = piped();
    progress.report({ step: 'reading', detail: `${ESCAPE}[2Jx\ny\u009bz` });
    progress.note(`${ESCAPE}]0;t\u0007`);
    expect(streams.stderr.written).toBe('reading:  [2Jx y z\n]0;t\n');
  });

  it('moves nothing on a dumb terminal', () => {
    const streams = fakeStreams({ tty: true, env: { TERM: 'dumb' } });
    const progress = createProgress(createTerminal(streams));
    progress.report({ step: 'deleting' });
    progress.stop();
    expect(streams.stderr.written).toBe('deleting\n');
  });
});

describe('at a terminal', () => {
  it('shows one line, and nothing is left of it at the end', async () => {
    const { progress, streams, screen } = shown();
    progress.report({ step: 'deleting', done: 1 });
    await until(() => streams.stderr.written.includes('deleting: 1'), 'the line is there');
    progress.report({ step: 'deleting', done: 2 });
    await until(() => streams.stderr.written.includes('deleting: 2'), 'the line has moved');
    expect(screen().filter((line) => line !== '')).toHaveLength(1);
    progress.stop();
    expect(screen().join('')).toBe('');
    expect(streams.stderr.written.endsWith(`${ESCAPE}[?25h`)).toBe(true);
    expect(streams.stdout.written).toBe('');
  });

  it('cuts the line to the width', async () => {
    const { progress, streams, screen } = shown(30);
    progress.report({ step: `waiting for ${'日本'.repeat(30)}` });
    await until(() => streams.stderr.written.includes('waiting'), 'the line is there');
    const [line = ''] = screen();
    // 12 + 2 × (length − 15) columns, and a frame with its space.
    expect(line.endsWith('…')).toBe(true);
    expect(2 + 12 + 2 * (line.length - 2 - 12 - 1) + 1).toBeLessThan(30);
    expect(screen().filter((each) => each !== '')).toHaveLength(1);
    progress.stop();
  });

  it('keeps notes and calls above the line', async () => {
    const { progress, streams, screen } = shown(80, { verbose: true });
    progress.report({ step: 'deleting' });
    await until(() => streams.stderr.written.includes('deleting'), 'the line is there');
    progress.note('created mcp-sessions');
    progress.logCall({ operation: 'DescribeTable', ms: 12.4, status: 200 });
    await until(() => screen().at(-1)?.includes('deleting') === true, 'the line is back');
    expect(screen().slice(0, 2)).toEqual(['created mcp-sessions', 'aws: DescribeTable 200 12 ms']);
    progress.stop();
    expect(screen().filter((line) => line !== '')).toEqual(['created mcp-sessions', 'aws: DescribeTable 200 12 ms']);
  });

  it('shows nothing when it was stopped before it could begin, and comes back when asked', async () => {
    const { progress, streams } = shown();
    progress.report({ step: 'first' });
    progress.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(streams.stderr.written).toBe('');
    progress.report({ step: 'second' });
    await until(() => streams.stderr.written.includes('second'), 'the line is there');
    progress.stop();
  });

  it('shows nothing when quiet', async () => {
    const { progress, streams } = shown(80, { quiet: true });
    progress.report({ step: 'first' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    progress.stop();
    expect(streams.stderr.written).toBe('');
  });
});

describe('logCall', () => {
  it('is one line with time, status, capacity and retries, only when verbose', () => {
    const streams = fakeStreams({ tty: false });
    const terminal = createTerminal(streams);
    const call = {
      operation: 'Scan',
      table: 'mcp-sessions',
      ms: 12.4,
      status: 200,
      readUnits: 128.5,
      writeUnits: 0,
      retries: 2,
    };
    createProgress(terminal).logCall(call);
    expect(streams.stderr.written).toBe('');
    createProgress(terminal, { verbose: true }).logCall(call);
    expect(streams.stderr.written).toBe('aws: Scan mcp-sessions 200 12 ms, 128.5 RCU, 2 retries\n');
  });
});
