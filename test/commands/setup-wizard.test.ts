import { stripVTControlCharacters } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { closeAll, startDouble } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import type { FakeStreams } from '../support/fake-terminal.js';
import { dropTables } from '../support/mcp-tables.js';
import { answer, at, runCommand, type RunCommandOptions } from '../support/run-command.js';

closeAll();
const engine = useEngine();
const DOWN = '\u001B[B';

beforeEach(() => dropTables(engine));

type Answers = readonly (readonly [question: string, keys: string])[];

const user =
  (answers: Answers) =>
  async (streams: FakeStreams): Promise<void> => {
    for (const [question, keys] of answers) await answer(question, keys)(streams);
  };

const wizard = (argv: readonly string[], answers: Answers, options: RunCommandOptions = {}) =>
  runCommand(['setup', '--interactive', ...argv], { columns: 200, user: user(answers), ...options });

/** The command that the wizard says, as arguments. */
function saidIn(stderr: string): readonly string[] {
  const line = /^\$ mcp-sessions (.*)$/m.exec(stripVTControlCharacters(stderr))?.[1] ?? '';
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

const NAMES: Answers = [
  ['Which layout?', '\r'],
  ['Name of the sessions table?', '\r'],
  ['Name of the events table?', '\r'],
];

const tables = async (): Promise<Record<string, unknown>> => {
  const { stdout } = await runCommand(['status', '--json', ...at(engine.endpoint)]);
  return JSON.parse(stdout);
};

describe('setup --interactive', () => {
  const cases: readonly (readonly [string, readonly string[], Answers])[] = [
    [
      'Enter throughout',
      [],
      [...NAMES, ['billed', '\r'], ['TTL?', '\r'], ['stream', '\r'], ['Protect', '\r'], ['Tags', '\r']],
    ],
    [
      'everything otherwise',
      [],
      [
        ['Which layout?', `${DOWN}\r`],
        ['Name of the sessions table?', '\u0015agent-sessions\r'],
        ['Name of the events table?', '\u0015agent-events\r'],
        ['billed', `${DOWN}\r`],
        ['Read capacity', '\u00157\r'],
        ['Write capacity', '\u00159\r'],
        ['TTL?', `${DOWN}${DOWN}\r`],
        ['Which attribute', 'expires at\r'],
        ['stream', `${DOWN}${DOWN}\r`],
        ['Protect', 'y\r'],
        ['Tags', 'Team=agents, Cost center=4711\r'],
      ],
    ],
    [
      'what is a flag is not asked',
      [
        '--layout',
        'mcp',
        '--sessions-table',
        'one',
        '--events-table',
        'two',
        '--no-ttl',
        '--billing',
        'on-demand',
        '--tag',
        'a=b',
      ],
      [
        ['stream', `${DOWN}\r`],
        ['Protect', '\r'],
      ],
    ],
  ];

  it.each(cases)('%s: the command that it says has the same plan', async (_, argv, answers) => {
    const target = at(engine.endpoint);
    // Whether there is recovery is not known of an endpoint that has no table yet.
    const withRecovery = answers.flatMap(
      (each): Answers => (each[0] === 'Protect' ? [['Point-in-time recovery?', '\r'], each] : [each]),
    );
    const asked = await wizard([...argv, ...target, '--dry-run', '--json'], withRecovery);
    expect([asked.code, asked.stderr.includes('error')]).toEqual([0, false]);
    const said = saidIn(asked.stderr);
    expect(said).not.toContain('--interactive');
    const typed = await runCommand(said);
    expect(JSON.parse(typed.stdout)).toEqual(JSON.parse(asked.stdout));
  });

  it('takes what is there for defaults: Enter throughout changes nothing, and what differs is shown', async () => {
    const flags = ['--no-ttl', '--stream-view', 'NEW_IMAGE', '--billing', 'provisioned', '--deletion-protection'];
    const capacity = ['--read-capacity', '3', '--write-capacity', '4'];
    await runCommand(['setup', '--yes', ...flags, ...capacity, ...at(engine.endpoint)]);
    const before = await tables();
    const { code, stdout, stderr } = await wizard(at(engine.endpoint), [
      ...NAMES,
      ['Billing? (now provisioned, 3 read and 4 write units)', '\r'],
      ['Read capacity', '\r'],
      ['Write capacity', '\r'],
      ['TTL?', '\r'],
      ['stream', '\r'],
      ['Protect', '\r'],
      ['Tags', '\r'],
    ]);
    expect([code, stdout.includes('nothing to do')]).toEqual([0, true]);
    const shown = stripVTControlCharacters(stderr);
    expect(shown).toContain('the layout says to change this:');
    expect(shown).toMatch(/\+ +TTL +ttl/);
    expect(shown).toContain('❯ off, as it is now');
    expect(shown).toContain('❯ NEW_IMAGE, as it is now');
    expect(await tables()).toEqual(before);
  });

  it('offers what the layout says in place of what is there', async () => {
    await runCommand(['setup', '--yes', '--no-ttl', ...at(engine.endpoint)]);
    const { code } = await wizard(at(engine.endpoint), [
      ...NAMES,
      ['Billing?', '\r'],
      ['TTL?', '\u001B[A\r'],
      ['stream', '\r'],
      ['Protect', '\r'],
      ['Tags', '\r'],
      ['Apply this plan?', 'y\r'],
    ]);
    expect(code).toBe(0);
    expect(await tables()).toMatchObject({ inSync: true });
  });

  it('finds out the layout of what is there', async () => {
    await runCommand(['setup', '--yes', '--layout', 'turul', ...at(engine.endpoint)]);
    const { code, stderr } = await wizard(at(engine.endpoint), [['Which layout?', '\u001B']]);
    expect(code).toBe(4);
    expect(stripVTControlCharacters(stderr)).toMatch(/❯ turul .*\(what mcp-sessions is found to be\)/);
  });

  it('in production offers the safeguards with Enter, and says what turns one off', async () => {
    const aws = await startDouble(engine.endpoint);
    const argv = ['--environment', 'production', ...at(aws.double.endpoint), '--dry-run', '--json'];
    const { code, stdout, stderr } = await wizard(argv, [
      ...NAMES,
      ['billed', '\r'],
      ['TTL?', '\r'],
      ['stream', '\r'],
      ['Point-in-time recovery? (Y/n)', '\r'],
      ['Protect the tables from deletion? (Y/n)', 'n\r'],
      ['Tags', '\r'],
    ]);
    expect(code).toBe(0);
    expect(saidIn(stderr)).toContain('--no-deletion-protection');
    expect(saidIn(stderr)).not.toContain('--pitr');
    expect(stdout).toContain('pointInTimeRecovery');
  });

  it('refuses what is no region, address, name, tag or number, and asks on', async () => {
    const { code, stderr } = await wizard(
      [],
      [
        ['Where are the tables?', '\r'],
        ['Which region?', 'mars\r'],
        ['the name of an AWS region', '\u0003'],
      ],
    );
    expect(code).toBe(130);
    expect(stderr).not.toContain('    at ');
    const tagged = await wizard(
      [...at(engine.endpoint), '--layout', 'express'],
      [
        ['Name of the sessions table?', '\u0015a b\r'],
        ['the name may hold only', '\u0015web\r'],
        ['billed', '\r'],
        ['TTL?', '\r'],
        ['stream', '\r'],
        ['Point-in-time', '\r'],
        ['Protect', '\r'],
        ['Tags', 'team\r'],
        ['write key=value', '\u001B'],
      ],
    );
    expect(tagged.code).toBe(4);
  });

  it('is a usage error without a terminal, and asks nothing of the endpoint', async () => {
    const aws = await startDouble(engine.endpoint);
    for (const options of [{}, { columns: 80 }]) {
      const more = 'columns' in options ? ['--no-input'] : [];
      const argv = ['setup', '--interactive', '--json', ...more, ...at(aws.double.endpoint)];
      const { code, stdout, stderr } = await runCommand(argv, options);
      expect([code, stdout]).toEqual([2, '']);
      expect(JSON.parse(stderr).error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--interactive') });
    }
    expect(aws.double.calls).toEqual([]);
  });
});
