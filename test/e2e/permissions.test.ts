import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandDefinition } from '../../src/commands/definition.js';
import { COMMANDS } from '../../src/commands/index.js';
import { FIND } from '../../src/commands/permissions.js';
import { type IamNeed, type IamScope, type PolicyDocument, policyOf } from '../../src/schema/iam.js';
import { freshFolder, removeFolders } from '../operations/backup/harness.js';
import { closeAll, type RunningDouble, setUp, startDouble } from '../operations/harness.js';
import { runCli } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { allows, type IamProxy, startIamProxy } from '../support/iam-proxy.js';
import { fill, type Variant, VARIANTS, type World } from './permission-variants.js';

closeAll();
removeFolders();
const engine = useEngine();
const REGION = 'eu-west-1';
let aws: RunningDouble;
let proxy: IamProxy;
beforeAll(async () => {
  aws = await startDouble(engine.endpoint, { region: REGION });
  proxy = await startIamProxy({ endpoint: aws.double.endpoint, region: REGION, account: aws.double.account });
});
afterAll(() => proxy.stop());

const leaves = (definitions: readonly CommandDefinition[], before = ''): readonly [string, CommandDefinition][] =>
  definitions.flatMap((definition) => {
    const name = `${before}${definition.name}`;
    const own: readonly [string, CommandDefinition][] = definition.run === undefined ? [] : [[name, definition]];
    return [...own, ...leaves(definition.subcommands ?? [], `${name} `)];
  });

const COMMAND_BY_NAME = new Map(leaves(COMMANDS));

const needsOf = (command: string): readonly IamNeed[] => COMMAND_BY_NAME.get(command)?.needs ?? [];

/** The needs of a command in the cases that a variant is about. */
const needsIn = ({ command, cases = [] }: Variant): readonly IamNeed[] =>
  needsOf(command).filter(({ when }) => when === undefined || cases.includes(when));

const textOf = (need: IamNeed, action: string): string =>
  `${action} on ${need.role ?? ''} ${need.on}, ${need.when ?? 'always'}`;

/** Every declared need of every command, until a run has used it. */
const unused = new Map(
  [...COMMAND_BY_NAME].map(([name, { needs = [] }]) => [
    name,
    new Set(needs.flatMap((need) => need.actions.map((action) => textOf(need, action)))),
  ]),
);

function used(command: string, text: string): void {
  const sets = IN_DOUBT.has(text) ? unused.values() : [unused.get(command)];
  for (const texts of sets) texts?.delete(text);
}

let counter = 0;

async function worldOf(variant: Variant): Promise<{ readonly world: World; readonly scope: IamScope }> {
  const name = `v${(counter += 1)}`;
  const tables = { sessions: `${name}-sessions`, events: `${name}-events` };
  const folder = freshFolder();
  const names = ['--sessions-table', tables.sessions, '--events-table', tables.events, '--layout', 'mcp'];
  const flags = ['--endpoint-url', proxy.endpoint, ...names];
  const world: World = {
    aws,
    proxy,
    tables,
    folder,
    flags,
    cli: (argv, options = {}) =>
      runCli([...argv, ...flags], { cwd: folder, env: { AWS_REGION: REGION }, timeoutMs: 30_000, ...options }),
  };
  if (variant.setUp !== false) {
    const { error } = await setUp(aws.context(), { layout: 'mcp', ...tables, ...variant.setUp });
    if (error !== null) throw error;
    await fill(world);
  }
  proxy.allow(null);
  await variant.prepare?.(world);
  const scope: IamScope = {
    tables: [
      { name: tables.sessions, role: 'sessions' },
      { name: tables.events, role: 'events' },
      { name: `${tables.sessions}-copy`, role: null },
      { name: `${tables.events}-copy`, role: null },
    ],
    region: REGION,
    account: aws.double.account,
    replicas: ['eu-central-1'],
    bucket: { name: 'bucket', prefix: 'some/where' },
    key: `arn:aws:kms:${REGION}:${aws.double.account}:key/12345678-1234-1234-1234-123456789012`,
  };
  return { world, scope };
}

const runOf = (variant: Variant, world: World) =>
  variant.run?.(world, variant.argv(world)) ?? world.cli(variant.argv(world), variant.options?.(world));

/** Commands do not differ in how they find out a layout: one run stands for all. */
const IN_DOUBT = new Set(
  FIND.flatMap((need) => (need.optional === true ? need.actions.map((action) => textOf(need, action)) : [])),
);

describe('the IAM actions that a command declares', () => {
  it.each(VARIANTS)('are enough for `$name`', async (variant) => {
    const { world, scope } = await worldOf(variant);
    const needs = needsIn(variant);
    proxy.allow(policyOf(needs, scope));
    const { code, stdout, stderr } = await runOf(variant, world);
    const { demands, denied } = proxy;
    expect({ denied, code, text: code === (variant.code ?? 0) ? '' : stdout + stderr }).toEqual({
      denied: [],
      code: variant.code ?? 0,
      text: '',
    });
    for (const need of needs) {
      const policy = policyOf([need], scope);
      for (const demand of demands)
        if (allows(policy, demand))
          for (const action of need.actions) if (action === demand.action) used(variant.command, textOf(need, action));
    }
  });

  it.each(VARIANTS.filter(({ lean }) => lean === true))(
    'are enough for `$name` also without the optional ones',
    async (variant) => {
      const { world, scope } = await worldOf(variant);
      const needs = needsIn(variant);
      const required = needs.filter((need) => need.optional !== true);
      proxy.allow(policyOf(required, scope));
      const { code, stdout, stderr } = await runOf(variant, world);
      expect({ code, text: code === (variant.code ?? 0) ? '' : stdout + stderr }).toEqual({
        code: variant.code ?? 0,
        text: '',
      });
      const policy = policyOf(needs, scope);
      expect(proxy.denied.filter((demand) => !allows(policy, demand))).toEqual([]);
      expect(proxy.denied).not.toEqual([]);
    },
  );

  it('are in the policies that `schema` prints', async () => {
    const { world } = await worldOf({ name: '', command: 'schema', argv: () => [] });
    const printed = async (...argv: readonly string[]): Promise<PolicyDocument> => {
      const flags = ['--region', REGION, '--account', aws.double.account, '--format', 'iam', '--json'];
      const { code, stdout } = await world.cli(['schema', ...argv, ...flags]);
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    proxy.allow(await printed('--for', 'read-only'));
    for (const argv of [['status'], ['list'], ['show', 'one'], ['events', 'one'], ['stats'], ['doctor']])
      expect({ argv, code: (await world.cli(argv)).code }).toEqual({ argv, code: 0 });
    expect(proxy.denied).toEqual([]);
    expect((await world.cli(['seed', '--yes'])).stderr).toContain('access denied');
    proxy.allow(await printed('--for', 'admin'));
    for (const argv of [['seed'], ['purge', '--expired'], ['backup'], ['teardown', '--all', '--no-settle'], ['setup']])
      expect({ argv, code: (await world.cli([...argv, ...(argv[0] === 'backup' ? [] : ['--yes'])])).code }).toEqual({
        argv,
        code: 0,
      });
    expect(proxy.denied).toEqual([]);
  });

  it('are all used', () => {
    expect([...unused].flatMap(([name, texts]) => [...texts].map((text) => `${name}: ${text}`))).toEqual([]);
  });

  it('are declared by every command, and tried', () => {
    const undeclared = [...COMMAND_BY_NAME].filter(([, { needs }]) => needs === undefined).map(([name]) => name);
    expect(undeclared).toEqual([]);
    const tried = new Set(VARIANTS.map(({ command }) => command));
    const callers = [...COMMAND_BY_NAME].filter(([, { needs = [] }]) => needs.length > 0).map(([name]) => name);
    expect(callers.filter((name) => !tried.has(name))).toEqual([]);
    const cases = VARIANTS.flatMap(({ command, cases: named = [] }) => named.map((text) => [command, text] as const));
    const unknown = cases.filter(([command, text]) => !needsOf(command).some(({ when }) => when === text));
    expect(unknown).toEqual([]);
  });
});
