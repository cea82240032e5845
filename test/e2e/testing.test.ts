import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bareEnvironment, testNode } from '../support/cli.js';
import { processesNaming, until } from '../support/engines.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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
  run([path.join(project, 'node_modules/vitest/vitest.mjs'), 'run', file], env);

/** Waits until the engine that a test wrote down is gone. */
async function untilGone(file: string): Promise<void> {
  const { port } = new URL(readFileSync(path.join(project, file), 'utf8'));
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
    write(
      'vitest.config.js',
      `export default { test: { globalSetup: ['mcp-sessions/testing'], pool: 'threads', include: ['*.case.js'] } };`,
    );
  });

  it('is a global set-up of vitest: tests find their tables by the environment alone, or by inject', async () => {
    write(
      'found.case.js',
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
    const { code, output } = await vitest('found.case.js', { AWS_PROFILE: 'nowhere' }).end;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('1 passed') });
    await untilGone('found.txt');
  });

  it('leaves nothing behind after kill -9 of the test runner', async () => {
    write(
      'hangs.case.js',
      `${TELL}
       import { it } from 'vitest';
       it('hangs', async () => {
         tell('hangs.txt');
         await new Promise((resolve) => setTimeout(resolve, 60_000));
       }, 60_000);`,
    );
    const { end, kill } = vitest('hangs.case.js');
    await until(() => existsSync(path.join(project, 'hangs.txt')), 'the test runs', 20_000);
    kill();
    await end;
    await untilGone('hangs.txt');
  });

  it('serves node:test, with sessions in the tables', async () => {
    write(
      'node.test.mjs',
      `import assert from 'node:assert/strict';
       import { after, beforeEach, it } from 'node:test';
       import { startTestTables } from 'mcp-sessions/testing';
       const tables = await startTestTables({ sessions: 4, suffix: 'unit' });
       Object.assign(process.env, tables.env);
       ${TELL}
       tell('node.txt');
       beforeEach(() => tables.reset());
       after(() => tables.stop());
       ${CLIENT}
       it('has its tables', async () => {
         assert.equal(TableName, 'mcp-sessions-unit');
         assert.equal((await client.send(new ScanCommand({ TableName }))).Count, 4);
       });`,
    );
    const { code, output } = await run(['--test', 'node.test.mjs']).end;
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/pass 1/) });
    await untilGone('node.txt');
  });

  it('does not keep a process alive that forgot to stop it, nor outlives it', async () => {
    write(
      'forgets.mjs',
      `import { startTestTables } from 'mcp-sessions/testing';
       Object.assign(process.env, (await startTestTables()).env);
       ${TELL}
       tell('forgets.txt');`,
    );
    expect((await run(['forgets.mjs']).end).code).toBe(0);
    await untilGone('forgets.txt');
  });

  it("has the types of a global set-up's configuration, and of what is injected", async () => {
    write(
      'typed.ts',
      `/// <reference types="mcp-sessions/testing/vitest" />
       import { globalSetup, startTestTables } from 'mcp-sessions/testing';
       import { inject } from 'vitest';
       export default globalSetup({ layout: 'turul', sessions: 20, expired: 0.5 });
       export const endpoint: string = inject('mcpSessions').endpoint;
       export const events: string | null = inject('mcpSessions').tables.events;
       // @ts-expect-error there is no such option
       void startTestTables({ table: 'x' });`,
    );
    const compilerOptions = { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2023', skipLibCheck: true };
    write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['node'] }, files: ['typed.ts'] }),
    );
    const { code, output } = await run([path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.']).end;
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });
});
