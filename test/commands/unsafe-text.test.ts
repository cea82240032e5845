import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { mcpItem, NOW, setUpTables } from '../support/mcp-tables.js';
import { at, runCommand } from '../support/run-command.js';

const engine = useEngine();
const FORMATS = ['table', 'json', 'ndjson', 'csv', 'yaml'] as const;

/** Sets a terminal's title, begins an escape sequence of C1, turns the reading direction round, clears the screen. */
const ATTACK = 'x\u001b]0;owned\u0007\u009b31m\u202egpj.\u001b[2J\u007f\u200b';
const ID = `evil-${ATTACK}`;
// oxlint-disable-next-line no-control-regex -- what must not be there
const DANGEROUS = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200b\u202a-\u202e]|\u001b(?!\[[\d;]*m)/u;
const ANSI = '\u001b[';

beforeAll(async () => {
  await setUpTables(engine);
  const Item = {
    ...mcpItem(ID, { created: -9, active: -5, expires: 25 }, { [ATTACK]: ATTACK }),
    [`field${ATTACK}`]: { S: ATTACK },
  };
  await engine.raw.call('PutItem', { TableName: 'mcp-sessions', Item });
  const event = { session_id: { S: ID }, event_id: { N: '1' }, event_type: { S: ATTACK }, data: { S: ATTACK } };
  await engine.raw.call('PutItem', {
    TableName: 'mcp-session-events',
    Item: { ...event, timestamp: { N: String(NOW) } },
  });
});

const commands = [
  ['list', ['list']],
  ['show', ['show', ID]],
] as const;

describe.each(commands)('%s of a table with control characters in it', (_name, argv) => {
  it.each(FORMATS)('writes none of them to a terminal as %s', async (format) => {
    const { code, stdout, stderr } = await runCommand([...argv, ...at(engine.endpoint), '-o', format], {
      now: NOW,
      columns: 120,
    });
    expect(code).toBe(0);
    expect(stdout).toContain('evil-x');
    // CSV ends its lines with CR LF.
    expect(stdout.replaceAll('\r\n', '\n')).not.toMatch(DANGEROUS);
    expect(stripVTControlCharacters(stderr).replaceAll('\r', '')).not.toMatch(DANGEROUS);
  });

  it.each(FORMATS.slice(1))('uses no ANSI codes as %s, even with FORCE_COLOR', async (format) => {
    for (const columns of [undefined, 80]) {
      const { stdout } = await runCommand([...argv, ...at(engine.endpoint), '-o', format], {
        env: { FORCE_COLOR: '3' },
        ...(columns !== undefined && { columns }),
      });
      // Off a terminal CSV is exact: the attack itself is all it may hold.
      expect(stdout.replaceAll(ATTACK, '').replaceAll(ATTACK.replace('\u001b', String.raw`\u001b`), '')).not.toContain(
        ANSI,
      );
    }
  });
});

describe('machine formats', () => {
  it('still mean the exact text', async () => {
    const { stdout } = await runCommand(['list', '--json', ...at(engine.endpoint)], { now: NOW });
    expect(JSON.parse(stdout).sessions[0].id).toBe(ID);
    const yaml = await runCommand(['list', '-o', 'yaml', ...at(engine.endpoint)], { now: NOW });
    expect(parse(yaml.stdout).sessions[0].id).toBe(ID);
    const csv = await runCommand(['list', '-o', 'csv', '--columns', 'id', ...at(engine.endpoint)], { now: NOW });
    expect(csv.stdout).toBe(`id\r\n${ID}\r\n`);
  });

  it('hold for errors as well', async () => {
    const argv = ['show', `no${ATTACK}`, ...at(engine.endpoint)];
    const told = await runCommand(argv, { columns: 120 });
    expect(told.code).toBe(1);
    expect(told.stderr).toContain(String.raw`no${'x'}\x1b]0;owned`);
    expect((await runCommand([...argv, '--json'])).stderr).not.toMatch(DANGEROUS);
  });
});
