import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { CliError } from '../errors.js';

/** What would lead the child past the engine: another account, or another engine. */
const MISLEADING = new Set(['MCP_SESSIONS_LOCAL', 'AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL']);

/** Ctrl-C on a terminal reaches the child as well: it has so long to end in its own way. */
const TERMINAL_GRACE_MS = 5000;

/** The signal that an interruption came from. */
function signalOf(reason: unknown): NodeJS.Signals {
  const cause = reason instanceof CliError ? reason.cause : undefined;
  return cause === 'SIGINT' || cause === 'SIGHUP' ? cause : 'SIGTERM';
}

/**
 * Is told whom to watch, and ends it once our end of descriptor 3 closes, be it by kill -9; a second line says that it has
 * ended by itself, and its number is perhaps another's.
 */
const GUARD = `read -r whom <&3 || exit
read -r _ <&3 && exit
kill -s TERM -- "$whom"
sleep 2
kill -s KILL -- "$whom"`;

interface Guard {
  /** A process, or below 0 a group. */
  watch(whom: number): void;
  release(): void;
}

/** Windows has no such signals; there the child outlives a killed parent. */
function startGuard(): Guard {
  if (process.platform === 'win32') return { watch: () => {}, release: () => {} };
  const keeper = spawn('/bin/sh', ['-c', GUARD], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  keeper.on('error', () => undefined);
  keeper.unref();
  const line = keeper.stdio[3];
  if (!(line instanceof Socket)) throw new CliError('INTERNAL', 'there is no way to talk to the guard of the command');
  line.on('error', () => undefined);
  return { watch: (whom) => void line.write(`${whom}\n`), release: () => void line.end('\n') };
}

export interface RunChildOptions {
  readonly signal: AbortSignal;
  /** Whether a stream is a terminal: then the child stays in its foreground, where keys reach it. */
  readonly onTerminal: boolean;
}

/**
 * Runs a command with variables added, its streams those of this process. Answers its exit code, 128 and the signal's
 * number when a signal ended it. The command does not outlive this process, however that ends. Throws USAGE when it
 * cannot be started.
 */
export async function runChild(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  variables: Readonly<Record<string, string>>,
  { signal, onTerminal }: RunChildOptions,
): Promise<number> {
  const [program = '', ...args] = command;
  const inherited = Object.fromEntries(Object.entries(env).filter(([name]) => !MISLEADING.has(name)));
  // Off a terminal the command leads a group of its own, so that what it starts in turn ends with it.
  const leads = !onTerminal && process.platform !== 'win32';
  // Before the command: nothing can come between its start and what the guard is told.
  const guard = startGuard();
  const child = spawn(program, args, { stdio: 'inherit', detached: leads, env: { ...inherited, ...variables } });
  if (child.pid !== undefined) guard.watch(leads ? -child.pid : child.pid);
  let grace: NodeJS.Timeout | undefined;
  // A signal to this process alone has to be passed on.
  const pass = (): void => {
    const name = signalOf(signal.reason);
    grace = setTimeout(
      () => void (leads ? toGroup(child, name) : child.kill(name)),
      onTerminal && name !== 'SIGTERM' ? TERMINAL_GRACE_MS : 0,
    );
  };
  if (signal.aborted) pass();
  signal.addEventListener('abort', pass, { once: true });
  try {
    return await endOf(child, program);
  } finally {
    signal.removeEventListener('abort', pass);
    clearTimeout(grace);
    guard.release();
    // What it has left running would be without its engine.
    if (leads) toGroup(child, 'SIGTERM');
  }
}

/** To all that is left of the group that a child leads. */
function toGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody is left.
  }
}

async function endOf(child: ChildProcess, program: string): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(
        new CliError('USAGE', `cannot run '${program}': ${cause.message}`, {
          hint: 'write the command after --, for example: mcp-sessions local exec -- npm test',
          cause,
        }),
      );
    });
    child.once('exit', (code, ended) => {
      resolve(code ?? 128 + (ended === null ? 0 : constants.signals[ended]));
    });
  });
}
