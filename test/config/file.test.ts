import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfigFile } from '../../src/config/file.js';
import { CliError } from '../../src/errors.js';
import { folderOf } from '../support/folder.js';

async function failureOf(folder: string): Promise<CliError> {
  const outcome: unknown = await loadConfigFile(folder).catch((error: unknown) => error);
  if (!(outcome instanceof CliError)) throw new Error(`expected a CliError, got ${String(outcome)}`);
  return outcome;
}

/** Loads one file and answers why it is refused. */
async function reasonOf(name: string, content: string): Promise<string> {
  const folder = await folderOf({ [name]: content });
  const { code, message } = await failureOf(folder);
  expect(code).toBe('CONFIG_INVALID');
  expect(message).toContain(join(folder, name));
  return message;
}

const minimalLayout = (id: string): object => ({
  id,
  title: 'Ours',
  tables: [{ role: 'sessions', defaultName: 'our-sessions', keys: { partitionKey: { name: 'sid', type: 'S' } } }],
  session: {},
});

describe('loadConfigFile', () => {
  it.each([
    ['mcp-sessions.config.json', '{"region": "eu-west-1", "sessionsTable": "ours"}'],
    ['mcp-sessions.config.json', '\uFEFF{"region": "eu-west-1", "sessionsTable": "ours"}'],
    ['mcp-sessions.config.yaml', '# where\nregion: eu-west-1\nsessionsTable: ours\n'],
    ['mcp-sessions.config.yml', 'region: eu-west-1\nsessionsTable: ours\n'],
    ['mcp-sessions.config.js', "module.exports = { region: 'eu-west-1', sessionsTable: 'ours' };"],
    [
      'mcp-sessions.config.ts',
      "interface C { region: string; sessionsTable: string }\nexport default { region: 'eu-west-1', sessionsTable: 'ours' } satisfies C;",
    ],
    ['package.json', '{"name": "app", "mcp-sessions": {"region": "eu-west-1", "sessionsTable": "ours"}}'],
  ])('reads %s', async (name, content) => {
    const folder = await folderOf({ [name]: content });
    expect(await loadConfigFile(folder)).toEqual({
      path: join(folder, name),
      config: { region: 'eu-west-1', sessionsTable: 'ours', layouts: [] },
    });
  });

  it('reads an ES module', async () => {
    const folder = await folderOf({
      'package.json': '{"type": "module"}',
      'mcp-sessions.config.js': "import { sep } from 'node:path';\nexport default { profile: `p${sep.length}` };",
    });
    expect((await loadConfigFile(folder)).config.profile).toBe('p1');
  });

  it('answers defaults where there is no file, and passes over a package.json without the key', async () => {
    const folder = await folderOf({ 'package.json': '{"name": "app"}' });
    expect(await loadConfigFile(folder)).toEqual({ path: null, config: { layouts: [] } });
  });

  it('takes the nearest file, upwards', async () => {
    const folder = await folderOf({
      'mcp-sessions.config.yaml': 'region: eu-west-1',
      'app/package.json': '{"mcp-sessions": {"region": "eu-west-2"}}',
      'app/deep/package.json': '{"name": "deep"}',
    });
    await mkdir(join(folder, 'app/deep/er'));
    expect((await loadConfigFile(join(folder, 'app/deep/er'))).config.region).toBe('eu-west-2');
    expect((await loadConfigFile(folder)).config.region).toBe('eu-west-1');
  });

  it('refuses to choose between .yaml and .yml', async () => {
    const [one, other] = ['mcp-sessions.config.yaml', 'mcp-sessions.config.yml'];
    const folder = await folderOf({ [one]: 'region: eu-west-1', [other]: 'region: eu-west-2' });
    expect(await failureOf(folder)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `there are two configuration files: ${join(folder, one)} and ${join(folder, other)}`,
      hint: 'keep one of them',
    });
  });

  it.each([
    ['mcp-sessions.config.json', ''],
    ['mcp-sessions.config.yaml', ''],
    ['mcp-sessions.config.yaml', '# nothing yet\n'],
    ['mcp-sessions.config.yml', '# nothing yet\n'],
  ])('takes an empty %s for the nearest file too', async (name, content) => {
    const folder = await folderOf({ 'mcp-sessions.config.json': '{"region": "eu-west-1"}', [`app/${name}`]: content });
    expect(await loadConfigFile(join(folder, 'app'))).toEqual({
      path: join(folder, 'app', name),
      config: { layouts: [] },
    });
  });

  it.each([
    ['mcp-sessions.config.json', '{"region": '],
    ['mcp-sessions.config.yaml', 'region: [eu-west-1'],
    ['mcp-sessions.config.js', "throw new Error('no such luck');"],
    ['mcp-sessions.config.ts', 'export default {{;'],
    ['package.json', '{"mcp-sessions"'],
  ])('names the file when %s cannot be read', async (name, content) => {
    expect(await reasonOf(name, content)).toContain('cannot be read: ');
  });

  it.each([
    ['{"regoin": "eu-west-1"}', 'regoin: is not a setting'],
    ['{"region": 1}', 'region: must be string, not 1'],
    ['{"region": ""}', 'region: must not be empty'],
    ['{"local": 1}', 'local: must be true, false or a path'],
    ['{"sessionsTable": "a b"}', 'sessionsTable: is no table name: 3 to 255 of a–z A–Z 0–9 _ - .'],
    ['{"eventsTable": "ab"}', 'eventsTable: is no table name: 3 to 255 of a–z A–Z 0–9 _ - .'],
    ['{"local": true, "endpointUrl": "http://localhost:8000"}', 'local: excludes endpointUrl'],
    ['[]', 'the whole file: must be Object, not Array'],
    ['{"layouts": 1}', 'layouts: must be a list of layouts, or an object of them by id'],
    ['{"layouts": {"ours": {"title": "Ours"}}}', 'layouts.ours.tables: is missing'],
    [
      JSON.stringify({ layouts: [{ ...minimalLayout('ours'), colour: 'red' }] }),
      'layouts.0.colour: is not a key of a layout',
    ],
    [JSON.stringify({ layouts: [minimalLayout('mcp')] }), "layouts.0.id: 'mcp' is the name of another layout"],
    [
      JSON.stringify({ layouts: [minimalLayout('ours'), minimalLayout('ours')] }),
      "layouts.1.id: 'ours' is the name of another layout",
    ],
  ])('says of %s the key and the reason', async (content, reason) => {
    expect(await reasonOf('mcp-sessions.config.json', content)).toContain(`\n  ${reason}`);
  });

  it('names every key that is wrong', async () => {
    const message = await reasonOf('mcp-sessions.config.json', '{"regoin": 1, "profile": 2}');
    expect(message).toContain('regoin: is not a setting');
    expect(message).toContain('profile: must be string, not 2');
  });

  it('reads layouts as a list and by id', async () => {
    const { id: _id, ...nameless } = { ...minimalLayout('ours'), id: '' };
    const list = await folderOf({ 'mcp-sessions.config.json': JSON.stringify({ layouts: [minimalLayout('ours')] }) });
    const byId = await folderOf({ 'mcp-sessions.config.json': JSON.stringify({ layouts: { ours: nameless } }) });
    const { layouts } = (await loadConfigFile(list)).config;
    expect(layouts.map(({ id }) => id)).toEqual(['ours']);
    expect((await loadConfigFile(byId)).config.layouts).toEqual(layouts);
  });

  it("means a path in a file from that file's folder", async () => {
    const folder = await folderOf({
      'mcp-sessions.config.json': '{"local": "data/sessions.db"}',
      'app/readme.md': '',
    });
    expect((await loadConfigFile(join(folder, 'app'))).config.local).toBe(join(folder, 'data/sessions.db'));
  });
});
