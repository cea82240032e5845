import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineCommand } from '../../src/local/engine-command.js';
import { engineVersion, findEngine, startEngine } from '../../src/local/index.js';
import { temporaryFolder } from '../support/engines.js';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function script(name: string, body: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('findEngine', () => {
  it('finds the installed package, and its version', async () => {
    const engine = await findEngine({});
    expect(engine.kind).toBe('dynoxide');
    expect(engine.command).toContain(`@dynoxide/${process.platform}-${process.arch}`);
    expect(await engineVersion(engine.command)).toBe(engine.version);
  });

  it('takes the program that MCP_SESSIONS_ENGINE names before anything else', async () => {
    const command = script('mine', 'echo dynoxide 9.8.7');
    expect(await findEngine({ MCP_SESSIONS_ENGINE: command })).toEqual({ kind: 'dynoxide', version: '9.8.7', command });
  });

  it.each(['missing', 'not-executable'])('says so when MCP_SESSIONS_ENGINE names a file that is %s', async (name) => {
    if (name === 'not-executable') writeFileSync(join(folder.path, name), '');
    const command = join(folder.path, name);
    await expect(findEngine({ MCP_SESSIONS_ENGINE: command })).rejects.toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      message: expect.stringContaining(command),
    });
  });

  it('says what a program answers that is no engine', async () => {
    const command = script('wrong', 'echo no such option >&2; exit 3');
    await expect(findEngine({ MCP_SESSIONS_ENGINE: command })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });

  describe('where no package fits', () => {
    it('takes dynoxide on PATH, passing over one that does not run here', async () => {
      script('dynoxide', 'exit 126');
      const second = temporaryFolder();
      const command = join(second.path, 'dynoxide');
      writeFileSync(command, '#!/bin/sh\necho dynoxide 1.0.0-beta.1\n');
      chmodSync(command, 0o755);
      const PATH = `${folder.path}:${second.path}`;
      expect(await findEngine({ PATH }, 'plan9-pdp11')).toEqual({ kind: 'dynoxide', version: '1.0.0-beta.1', command });
      second.remove();
    });

    it('takes DynamoDB Local when Docker runs', async () => {
      const command = script('docker', '[ "$1" = info ] && echo 27.0.0');
      const found = await findEngine({ PATH: folder.path }, 'plan9-pdp11');
      expect(found).toEqual({ kind: 'dynamodb-local', version: 'latest', command });
    });

    it.each([
      ['does not run', 'exit 1'],
      ['hangs', 'exec /bin/sleep 30'],
    ])('names both ways out when Docker %s', async (_how, body) => {
      script('docker', body);
      const started = performance.now();
      const error: unknown = await findEngine({ PATH: folder.path }, 'linux-arm64-none').catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ code: 'ENGINE_NOT_FOUND' });
      expect(error).toHaveProperty('hint', expect.stringMatching(/dynoxide on PATH.*Docker/));
      expect(performance.now() - started).toBeLessThan(4500);
    });

    it('names the package to install where there is one', async () => {
      // A platform with a package that is not installed here.
      const other = process.platform === 'win32' ? 'linux-arm64' : 'win32-x64';
      await expect(findEngine({ PATH: folder.path }, other)).rejects.toMatchObject({
        code: 'ENGINE_NOT_FOUND',
        hint: expect.stringContaining(`npm install @dynoxide/${other}`),
      });
    });
  });
});

describe('an engine that does not start', () => {
  it('is reported with what it said', async () => {
    const env = {
      MCP_SESSIONS_ENGINE: script(
        'broken',
        '[ "$1" = --version ] && echo 1.0.0 && exit\necho "out of cheese" >&2; exit 7',
      ),
    };
    for (const dataFile of [null, join(folder.path, 'local.db')]) {
      await expect(startEngine({ dataFile, env })).rejects.toMatchObject({
        code: 'ENGINE_FAILED',
        message: expect.stringContaining('out of cheese'),
      });
    }
  });

  it('tries another port when someone took the first meanwhile', async () => {
    const { command } = await findEngine({});
    const once = join(folder.path, 'once');
    const body = `[ "$1" = --version ] && echo 1.0.0 && exit
[ -e '${once}' ] || { : > '${once}'; echo "error: port $2 is already in use" >&2; exit 1; }
exec '${command}' "$@"`;
    const engine = await startEngine({ dataFile: null, env: { MCP_SESSIONS_ENGINE: script('late', body) } });
    expect((await fetch(engine.endpoint)).ok).toBe(true);
    await engine.release();
  });
});

describe('DynamoDB Local', () => {
  const docker = { kind: 'dynamodb-local', version: 'latest', command: '/usr/bin/docker' } as const;

  it('serves a folder of the data file, on the loopback interface only, as the user', () => {
    const { program, args, container } = engineCommand(docker, join(folder.path, 'a,b.db'), 8123);
    expect(program).toBe('/usr/bin/docker');
    expect(args.slice(0, 4)).toEqual(['run', '--rm', '--init', '--name']);
    expect(args[4]).toBe(container);
    expect(args).toContain('127.0.0.1:8123:8000');
    expect(args).toContain(`type=bind,"source=${folder.path}/a,b.db-dynamodb-local",target=/data`);
    expect(args).toContain(`${process.getuid?.()}:${process.getgid?.()}`);
    const image = args.indexOf('amazon/dynamodb-local');
    expect(args.slice(image + 1)).toEqual(['-jar', 'DynamoDBLocal.jar', '-sharedDb', '-dbPath', '/data']);
  });

  it('in memory mounts nothing', () => {
    const { args } = engineCommand(docker, null, 8123);
    expect(args).not.toContain('--mount');
    expect(args.slice(-2)).toEqual(['-sharedDb', '-inMemory']);
  });
});
