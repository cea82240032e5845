import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, textOf } from '../docs/markdown.js';
import { bareEnvironment, testNode } from '../support/cli.js';
import { processesNaming, until } from '../support/engines.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function example(language: string, mark: string): string {
  const [block] = blocksOf(textOf('docs/ci.md'), language, mark);
  if (block === undefined) throw new Error(`docs/ci.md has no example ${mark}`);
  return block;
}

/** A user's project: the packed package is installed in it, and what it depends on is linked. */
let project: string;

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-project-'));
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const modules = path.join(project, 'node_modules');
  mkdirSync(path.join(modules, 'mcp-sessions'), { recursive: true });
  const into = ['-C', path.join(modules, 'mcp-sessions'), '--strip-components=1'];
  execFileSync('tar', ['-xzf', path.join(project, packed.filename), ...into]);
  for (const name of ['jiti', 'vitest', '@dynoxide', '@aws-sdk', '@types'])
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  writeFileSync(path.join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }');
});

afterAll(() => rmSync(project, { recursive: true, force: true, maxRetries: 3 }));

const write = (file: string, text: string): string => {
  writeFileSync(path.join(project, file), text);
  return file;
};

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Run {
  readonly end: Promise<Ended>;
  readonly kill: () => void;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(testNode(), args, {
    cwd: project,
    env: bareEnvironment(project, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const end = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { end, kill: () => void child.kill('SIGKILL') };
}

const vitest = (file: string, env: Readonly<Record<string, string>> = {}): Run =>
  run([path.join(project, 'node_modules/vitest/vitest.mjs'), 'run', '--pool', 'threads', file], env);

/** What a test wrote down; '' until then. */
function toldIn(file: string): string {
  const told = path.join(project, file);
  return existsSync(told) ? readFileSync(told, 'utf8') : '';
}

/** Waits until the engine that a test wrote down is gone. */
async function untilGone(file: string): Promise<void> {
  const { port } = new URL(toldIn(file));
  await until(() => processesNaming(`--port ${port}`).length === 0, 'the engine is gone');
}

const TELL = `import { writeFileSync } from 'node:fs';
const { env } = process;
const tell = (file) => writeFileSync(file, env.AWS_ENDPOINT_URL_DYNAMODB);`;

const CLIENT = `import { DescribeTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
const client = new DynamoDBClient({});
const TableName = env.DYNAMODB_SESSIONS_TABLE;`;

describe('mcp-sessions/testing, as it is packed', () => {
  beforeAll(() => {
    write('vitest.config.ts', example('ts', 'vitest'));
  });

  it('is a global set-up of vitest: tests find their tables by the environment alone, or by inject', async () => {
    write(
      'found.test.js',
      `${TELL}
       import { expect, inject, it } from 'vitest';
       ${CLIENT}
       it('finds its tables', async () => {
         tell('found.txt');
         const { Table } = await client.send(new DescribeTableCommand({ TableName }));
         expect(inject('mcpSessions').tables).toEqual({ sessions: Table.TableName, events: 'mcp-session-events' });
         expect(Table.GlobalSecondaryIndexes).toHaveLength(2);
       });`,
    );
    const { code, output } = await vitest('found.test.js', { AWS_PROFILE: 'nowhere' }).end;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('1 passed') });
    await untilGone('found.txt');
  });

  it('leaves nothing behind after kill -9 of the test runner', async () => {
    write(
      'hangs.test.js',
      `${TELL}
       import { it } from 'vitest';
       it('hangs', async () => {
         tell('hangs.txt');
         await new Promise((resolve) => setTimeout(resolve, 60_000));
       }, 60_000);`,
    );
    const { end, kill } = vitest('hangs.test.js');
    await until(() => toldIn('hangs.txt') !== '', 'the test runs', 20_000);
    kill();
    await end;
    await untilGone('hangs.txt');
  });

  it('serves node:test, with sessions in the tables', async () => {
    write('node.test.mjs', `${example('js', 'node-test')}\n${TELL}\ntell('node.txt');`);
    const { code, output } = await run(['--test', 'node.test.mjs']).end;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/pass 1/) });
    await untilGone('node.txt');
  });

  it('serves jest, which calls one file before all tests and one after them', async () => {
    write('jest.global.cjs', example('js', 'jest'));
    write('jest.end.cjs', example('js', 'jest-end'));
    write(
      'as-jest.mjs',
      `${TELL}
       import before from './jest.global.cjs';
       import after from './jest.end.cjs';
       await before();
       tell('jest.txt');
       ${CLIENT}
       console.log((await client.send(new DescribeTableCommand({ TableName }))).Table.TableStatus);
       await after();
       console.log((await client.send(new DescribeTableCommand({ TableName })).catch((error) => error)).code);`,
    );
    const { code, output } = await run(['as-jest.mjs']).end;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('ACTIVE\nECONNREFUSED\n') });
    await untilGone('jest.txt');
  });

  it('does not keep a process alive that forgot to stop it, nor outlives it', async () => {
    write(
      'forgets.mjs',
      `import { startTestTables } from 'mcp-sessions/testing';
       Object.assign(process.env, (await startTestTables()).env);
       ${TELL}
       tell('forgets.txt');
       console.log(Object.keys(env).filter((name) => name.includes('WARNING')));`,
    );
    // Not a word of its own, whatever the version of Node.js, and nothing left in the environment.
    expect(await run(['forgets.mjs']).end).toEqual({ code: 0, output: '[]\n' });
    await untilGone('forgets.txt');
  });

  it("has the types of a global set-up's configuration, and of what is injected", async () => {
    write('tables.ts', example('ts', 'vitest-options'));
    write(
      'typed.ts',
      `import './tables.js';
       import { startTestTables } from 'mcp-sessions/testing';
       import { inject } from 'vitest';
       export const endpoint: string = inject('mcpSessions').endpoint;
       export const events: string | null = inject('mcpSessions').tables.events;
       // @ts-expect-error there is no such option
       void startTestTables({ table: 'x' });`,
    );
    const compilerOptions = { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2023', skipLibCheck: true };
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: { ...compilerOptions, types: ['node'] },
        files: ['typed.ts', 'vitest.config.ts'],
      }),
    );
    const { code, output } = await run([path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.']).end;
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });
});
