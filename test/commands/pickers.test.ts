import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { closeAll, type RunningDouble, startDouble } from '../operations/harness.js';
import { tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { type FakeStreams, screenOf, until } from '../support/fake-terminal.js';
import { dropTables, fillTables, IDS, mcpItem, NOW, setUpTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

closeAll();
const engine = useEngine();
const DOWN = '\u001B[B';
const ESC = '\u001B';

let aws: RunningDouble;
let cwd: string;
beforeEach(async () => {
  await dropTables(engine);
  await setUpTables(engine);
  aws = await startDouble(engine.endpoint);
  cwd = tempFolder();
});

type Answers = readonly (readonly [question: string, keys: string])[];

const user =
  (answers: Answers) =>
  async (streams: FakeStreams): Promise<void> => {
    for (const [question, keys] of answers) await answer(question, keys)(streams);
  };

/** Types, waits until something is shown for it, and goes on: what is typed is searched for before Enter counts. */
const searching =
  (question: string, typed: string, shown: string, keys: string) =>
  async (streams: FakeStreams): Promise<void> => {
    await answer(question, typed)(streams);
    const plain = (): string => stripVTControlCharacters(streams.stderr.written);
    await until(() => plain().slice(plain().lastIndexOf(question)).includes(shown), shown);
    streams.stdin.write(keys);
  };

/** What a user does, one thing after the other. */
const inTurn =
  (...users: readonly ((streams: FakeStreams) => Promise<void>)[]) =>
  async (streams: FakeStreams): Promise<void> => {
    for (const act of users) await act(streams);
  };

const run = (argv: readonly string[], options: RunCommandOptions = {}) =>
  runCommand([...argv, ...at(aws.double.endpoint)], { cwd, now: NOW, ...options });

const pick = (argv: readonly string[], answers: Answers, columns = 100) => run(argv, { columns, user: user(answers) });

const plainOf = ({ stderr }: { readonly stderr: string }): string => stripVTControlCharacters(stderr);

/** What the last frame of a question shows. */
const lastFrame = (result: { readonly stderr: string }, question: string): string => {
  const text = plainOf(result);
  const end = text.lastIndexOf(`✔ ${question}`);
  return text.slice(text.lastIndexOf(`? ${question}`, end), end);
};

describe('without a terminal', () => {
  it.each([
    [['events'], 'the argument <id> of mcp-sessions events is missing'],
    [['backup', 'show'], 'the argument <backup> of mcp-sessions backup show is missing'],
    [['backup', 'delete'], 'the argument <backup> of mcp-sessions backup delete is missing'],
    [['backup', 'verify'], 'the argument <folder> of mcp-sessions backup verify is missing'],
    [['layouts', 'detect'], 'the argument <table> of mcp-sessions layouts detect is missing'],
    [['layouts', 'show'], 'the argument <id> of mcp-sessions layouts show is missing'],
    [['show'], 'the id of the session is missing'],
    [['restore'], 'nothing was named to restore'],
    [['purge'], 'nothing was chosen to purge'],
  ])('%j is a usage error, and nothing is called', async (argv, message) => {
    for (const options of [{}, { columns: 80 }]) {
      const { code, stdout, stderr } = await run([...argv, '--json', '--no-input'], options);
      expect([code, stdout]).toEqual([2, '']);
      expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', message });
    }
    expect(aws.double.calls).toEqual([]);
  });
});

describe('choosing a session', () => {
  it('shows state and age, newest activity first, and says the command with the id', async () => {
    await fillTables(engine);
    const result = await pick(['show'], [['Which session?', `${DOWN}\r`]]);
    expect(result.code).toBe(0);
    const frame = lastFrame(result, 'Which session?');
    expect(frame.match(/[\da-f]{32}/g)).toEqual([IDS.active, IDS.terminated, IDS.incomplete, IDS.expired]);
    expect(frame).toContain(`${IDS.active}  active      5m ago`);
    expect(plainOf(result)).toContain(`$ mcp-sessions show ${IDS.terminated} --endpoint-url`);
  });

  it('is narrowed down by what is typed: ids, states', async () => {
    await fillTables(engine);
    const search = searching('Which session?', 'expired', "the session 'expired', as it was typed", '\r');
    const result = await run(['events'], { columns: 100, user: search });
    expect(plainOf(result)).toContain(`$ mcp-sessions events ${IDS.expired} --endpoint-url`);
  });

  it('reads one page, whatever the size of the table, and takes an id that is not on it as it is', async () => {
    const { raw } = engine;
    const ids = Array.from({ length: 400 }, (_, index) => `id-${index}`);
    const times = { created: -10, active: -5, expires: 30 };
    for (let from = 0; from < ids.length; from += 25)
      await raw.call('BatchWriteItem', {
        RequestItems: {
          'mcp-sessions': ids.slice(from, from + 25).map((id) => ({ PutRequest: { Item: mcpItem(id, times) } })),
        },
      });
    aws.double.forgetCalls();
    const typed = searching('(some of many; an id may be typed)', 'somebody', "'somebody', as it was typed", '\r');
    const { code, stderr } = await run(['show'], { columns: 100, user: typed });
    expect([code, stderr.includes("there is no session 'somebody'")]).toEqual([1, true]);
    expect(aws.double.calls.filter(({ operation }) => operation === 'Scan')).toHaveLength(1);
  });

  it('makes an id harmless that holds control characters, and still finds its session', async () => {
    const id = `a${ESC}]0;title\u0007\u202eb`;
    const Item = mcpItem(id, { created: -10, active: -5, expires: 30 });
    await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item });
    const { code, stdout, stderr } = await pick(['show', '--json'], [['Which session?', '\r']]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).id).toBe(id);
    expect(stderr).not.toContain(`${ESC}]0`);
    expect(stderr).not.toContain('\u202e');
    expect(stderr).toContain(String.raw`a\x1b]0;title\x07\u202eb`);
  });

  it('says the id so that it is taken for no flag and no file, wherever the flags stand', async () => {
    for (const id of ['-id', 'a/b.db']) {
      await engine.raw.call('PutItem', {
        TableName: 'mcp-sessions',
        Item: mcpItem(id, { created: -10, active: -5, expires: 30 }),
      });
      const behind = await pick(['show'], [['Which session?', '\r']]);
      const place = at(aws.double.endpoint).join(' ');
      expect(plainOf(behind)).toContain(id === '-id' ? `show ${place} -- -id` : `show a/b.db ${place}`);
      const before = await runCommand([...at(aws.double.endpoint), 'show'], {
        cwd,
        columns: 100,
        user: user([['Which session?', '\r']]),
      });
      expect(plainOf(before)).toContain(`mcp-sessions ${place} show -- ${id}`);
      await engine.raw.call('DeleteItem', { TableName: 'mcp-sessions', Key: { session_id: { S: id } } });
    }
  });

  it('says that there is none', async () => {
    const { code, stderr } = await run(['events'], { columns: 80 });
    expect([code, stderr.includes('there is no session to choose from')]).toEqual([1, true]);
  });
});

describe('choosing a table', () => {
  it('shows state and age, and cuts a long name in the middle', async () => {
    const long = `${'x'.repeat(250)}-tail`;
    const key = { AttributeName: 'id', KeyType: 'HASH' };
    const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' }];
    const create = { TableName: long, KeySchema: [key], AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' };
    await engine.raw.call('CreateTable', create);
    const result = await pick(['layouts', 'detect', '--no-color'], [['Which table?', `${DOWN}${DOWN}\r`]], 80);
    const frame = lastFrame(result, 'Which table?');
    expect(frame).toMatch(/mcp-sessions +ACTIVE +/);
    expect(frame).toMatch(/x{10,}…x+-tail +ACTIVE/);
    expect(frame.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(screenOf(result.stderr).join('')).toContain(`mcp-sessions layouts detect ${long} --no-color`);
  });

  it('says that there is none', async () => {
    await dropTables(engine);
    const { code, stderr } = await run(['layouts', 'detect', '--json'], { columns: 80 });
    expect([code, JSON.parse(stderr).error.code]).toEqual([1, 'TABLE_NOT_FOUND']);
  });
});

describe("choosing a backup of AWS's own", () => {
  const QUESTION = 'Which backup?';
  beforeEach(async () => {
    await run(['backup', '-q']);
    await run(['backup', '-q'], { now: NOW + 60_000 });
    aws.double.forgetCalls();
  });

  it('shows those that were made together as one, and each by itself', async () => {
    const result = await pick(['backup', 'show'], [[QUESTION, `${DOWN}\r`]]);
    expect(result.code).toBe(0);
    const frame = lastFrame(result, QUESTION);
    expect(frame).toMatch(/❯ 20261120-120100 +AVAILABLE .* 2 tables/);
    expect(frame).toMatch(/ {2}latest +the newest/);
    expect(frame.match(/mcp-sessions-backup-/g)).toHaveLength(2);
    expect(plainOf(result)).toContain('$ mcp-sessions backup show 20261120-120100 --endpoint-url');
    expect(result.stdout).toContain('mcp-session-events-backup-20261120-120100');
  });

  it('names the ARN where two bear one name', async () => {
    for (let time = 0; time < 2; time += 1)
      await aws.raw.call('CreateBackup', { TableName: 'mcp-sessions', BackupName: 'mine' });
    const search = searching(QUESTION, 'mine', "the backup 'mine', as it was typed", '\r');
    const result = await run(['backup', 'show'], { columns: 100, user: search });
    expect([result.code, /\$ mcp-sessions backup show arn:aws:dynamodb:\S+/.test(plainOf(result))]).toEqual([0, true]);
  });

  it('offers no `latest` to be deleted, and asks before it deletes', async () => {
    const { code, stderr } = await pick(
      ['backup', 'delete'],
      [
        [QUESTION, '\r'],
        ['Delete these 2 backups for good?', 'n\r'],
      ],
    );
    expect([code, lastFrame({ stderr }, QUESTION).includes('latest')]).toEqual([4, false]);
    expect(aws.writes()).toEqual([]);
  });

  it('asks for a restore where to, and says the command with all of it', async () => {
    const result = await pick(
      ['restore'],
      [
        [QUESTION, '\r'],
        ['mcp-sessions is there. Restore how?', '\r'],
        ['Name of the new sessions table?', '\u0015copy\r'],
        ['(y/N)', '\r'],
      ],
    );
    expect(result.code).toBe(4);
    expect(plainOf(result)).toMatch(/\$ mcp-sessions restore latest --endpoint-url \S+ --to-table copy\n/);
    expect(aws.writes()).toEqual([]);
  });

  it('can restore in place, which is asked about as ever', async () => {
    const result = await pick(
      ['restore'],
      [
        [QUESTION, '\r'],
        ['Restore how?', `${DOWN}\r`],
        ['Type', '\u0003'],
      ],
    );
    expect(plainOf(result)).toContain('--in-place');
    expect([result.code, aws.writes()]).toEqual([130, []]);
  });
});

describe('choosing an archive', () => {
  it('shows those below .mcp-sessions/backups/, also one that is not finished', async () => {
    await run(['backup', '-q', '--to', '.mcp-sessions/backups/first']);
    const partial = path.join(cwd, '.mcp-sessions', 'backups', 'second');
    mkdirSync(partial);
    writeFileSync(path.join(partial, 'archive.partial.jsonl'), '');
    const search = searching('Which archive?', 'first', '❯ first', '\r');
    const result = await run(['backup', 'verify'], { columns: 100, user: search });
    expect(result.code).toBe(0);
    expect(plainOf(result)).toMatch(/ second +PARTIAL/);
    expect(plainOf(result)).toContain('$ mcp-sessions backup verify .mcp-sessions/backups/first');
  });

  it('is said behind flags that come first, with more flags before it', async () => {
    await run(['backup', '-q', '--to', '.mcp-sessions/backups/first']);
    const place = at(aws.double.endpoint);
    const search = inTurn(
      searching('Which backup?', 'first', '❯ first', '\r'),
      answer('Restore how?', '\r'),
      answer('Name of the new', '\u0015copy\r'),
      answer('Restore 0 items?', 'y\r'),
    );
    const { code, stderr } = await runCommand([...place, 'restore'], { cwd, columns: 200, user: search });
    expect(code).toBe(0);
    const words = `mcp-sessions ${place.join(' ')} restore --to-table copy --yes -- .mcp-sessions/backups/first`;
    expect(plainOf({ stderr })).toContain(`$ ${words}\n`);
  });

  it('takes the line that Tab puts there for its choice', async () => {
    await run(['backup', '-q', '--to', '.mcp-sessions/backups/first']);
    const search = inTurn(
      searching('Which archive?', '\t', 'path) first  AVAILABLE', ''),
      answer('path) first  AVAILABLE', '\r'),
    );
    const { code, stderr } = await run(['backup', 'verify'], { columns: 100, user: search });
    expect([code, lastFrame({ stderr }, 'Which archive?').includes('as it was typed')]).toEqual([0, false]);
  });

  it('asks for a folder where there is none, which may be anywhere', async () => {
    const { code, stderr } = await pick(['backup', 'verify'], [["(or its folder's path)", 'elsewhere\r']]);
    expect([code, stderr.includes('elsewhere')]).toEqual([1, true]);
  });
});

describe('choosing what to purge', () => {
  it('says the command for each choice', async () => {
    await fillTables(engine);
    for (const [downs, more, words] of [
      [0, [], '--expired'],
      [1, [], '--terminated'],
      [2, [['Without activity for how long?', '\u00151h\r']], '--idle 1h'],
      [3, [['Which session?', '\r']], `--id=${IDS.active}`],
      [4, [], '--orphans'],
    ] as const) {
      const choice = ['Purge what?', `${DOWN.repeat(downs)}\r`] as const;
      const { code, stderr } = await pick(['purge', '--dry-run'], [choice, ...more]);
      expect([words, code]).toEqual([words, 0]);
      expect(stripVTControlCharacters(stderr)).toMatch(
        new RegExp(`\\$ mcp-sessions purge --dry-run --endpoint-url \\S+ ${words}\\n`),
      );
    }
    expect(aws.writes()).toEqual([]);
  });
});
