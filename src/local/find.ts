import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { CliError } from '../errors.js';

export interface EngineInfo {
  readonly kind: 'dynoxide' | 'dynamodb-local';
  readonly version: string;
  /** The engine's program, or the docker program that runs it. */
  readonly command: string;
}

const PACKAGED = new Set(['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64']);
const HERE = `${process.platform}-${process.arch}`;
const DOCKER_PATIENCE_MS = 3000;

/**
 * The engine to use, first found: what MCP_SESSIONS_ENGINE names, the installed package for this platform, `dynoxide`
 * on PATH, Amazon's DynamoDB Local in a running Docker (asked for at most 3 s).
 * @throws CliError ENGINE_NOT_FOUND, with the ways to get one
 */
export async function findEngine(env: NodeJS.ProcessEnv, platform: string = HERE): Promise<EngineInfo> {
  const named = env['MCP_SESSIONS_ENGINE'];
  if (named !== undefined && named !== '') return namedEngine(resolve(named));
  const packaged = packagedEngine(platform);
  if (packaged !== null) return packaged;
  for (const command of onPath('dynoxide', env)) {
    const version = await tryVersion(command);
    if (version !== null) return { kind: 'dynoxide', version, command };
  }
  for (const command of onPath('docker', env)) {
    if (await dockerRuns(command, env)) return { kind: 'dynamodb-local', version: 'latest', command };
  }
  const install = PACKAGED.has(platform)
    ? `Install it with "npm install @dynoxide/${platform}", or put dynoxide on PATH`
    : `There is no package for ${platform}: put dynoxide on PATH`;
  throw new CliError('ENGINE_NOT_FOUND', `no local engine was found for ${platform}`, {
    hint: `${install}; or start Docker, and amazon/dynamodb-local is used.`,
  });
}

/** @throws CliError ENGINE_FAILED when the program does not run or does not say its version within 5 s */
export async function engineVersion(binary: string): Promise<string> {
  const { output, error } = await run(binary, ['--version'], process.env, 5000);
  const version = /\d+\.\d+\.\d+\S*/.exec(output)?.[0];
  if (error === null && version !== undefined) return version;
  throw new CliError(
    'ENGINE_FAILED',
    `'${binary}' does not run as an engine: ${error?.message.trim() ?? 'no version'}`,
    {
      hint: `It must be a dynoxide program for ${HERE}.`,
      cause: error,
    },
  );
}

async function namedEngine(command: string): Promise<EngineInfo> {
  if (!isExecutable(command)) {
    throw new CliError('ENGINE_NOT_FOUND', `MCP_SESSIONS_ENGINE names '${command}', which is not an executable file`, {
      hint: 'Correct MCP_SESSIONS_ENGINE, or unset it to use the engine that is installed.',
    });
  }
  return { kind: 'dynoxide', version: await engineVersion(command), command };
}

function packagedEngine(platform: string): EngineInfo | null {
  if (!PACKAGED.has(platform)) return null;
  try {
    const manifest = createRequire(import.meta.url).resolve(`@dynoxide/${platform}/package.json`);
    const command = join(dirname(manifest), process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
    if (!isExecutable(command)) return null;
    const { version }: { version?: unknown } = JSON.parse(readFileSync(manifest, 'utf8'));
    return { kind: 'dynoxide', version: typeof version === 'string' ? version : 'unknown', command };
  } catch {
    // Optional dependencies may be missing.
    return null;
  }
}

async function tryVersion(command: string): Promise<string | null> {
  try {
    return await engineVersion(command);
  } catch {
    // One for another machine; Docker may still do.
    return null;
  }
}

function onPath(program: string, env: NodeJS.ProcessEnv): string[] {
  const file = process.platform === 'win32' ? `${program}.exe` : program;
  return (env['PATH'] ?? env['Path'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(resolve(folder), file))
    .filter((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function dockerRuns(command: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const { error } = await run(command, ['info', '--format', '{{.ServerVersion}}'], env, DOCKER_PATIENCE_MS);
  return error === null;
}

async function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<{ output: string; error: Error | null }> {
  return new Promise((done) => {
    execFile(program, args, { env, timeout, killSignal: 'SIGKILL', windowsHide: true }, (error, stdout) =>
      done({ output: stdout, error }),
    );
  });
}
