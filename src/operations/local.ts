import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliError } from '../errors.js';
import { type LocalEngine, resetData, startEngine } from '../local/index.js';

export { resetData, startEngine };

/** Variables that point an application, and this command itself, to an engine. */
export function engineVariables(
  engine: Pick<LocalEngine, 'endpoint'>,
  region: string,
  tables: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: engine.endpoint,
    AWS_REGION: region,
    // boto3 and the AWS CLI read this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...tables,
  };
}

/** What would lead the child past the engine: another account, or another engine. */
const MISLEADING = new Set(['MCP_SESSIONS_LOCAL', 'AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL']);

/** The signal that an interruption came from. */
function signalOf(reason: unknown): NodeJS.Signals {
  const cause = reason instanceof CliError ? reason.cause : undefined;
  return cause === 'SIGINT' || cause === 'SIGHUP' ? cause : 'SIGTERM';
}

/** Ctrl-C on a terminal reaches the child as well: it has so long to end in its own way. */
const TERMINAL_GRACE_MS = 5000;

/**
 * Runs a command with variables added, its streams those of this process. Answers its exit code, 128 and the signal's
 * number when a signal ended it. Throws USAGE when it cannot be started.
 */
export async function runChild(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  variables: Readonly<Record<string, string>>,
  { signal, onTerminal }: { readonly signal: AbortSignal; readonly onTerminal: boolean },
): Promise<number> {
  const [program = '', ...args] = command;
  const inherited = Object.fromEntries(Object.entries(env).filter(([name]) => !MISLEADING.has(name)));
  const child = spawn(program, args, { stdio: 'inherit', env: { ...inherited, ...variables } });
  let grace: NodeJS.Timeout | undefined;
  // A signal to this process alone has to be passed on.
  const pass = (): void => {
    grace = setTimeout(() => child.kill(signalOf(signal.reason)), onTerminal ? TERMINAL_GRACE_MS : 0);
  };
  signal.addEventListener('abort', pass, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
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
  } finally {
    signal.removeEventListener('abort', pass);
    clearTimeout(grace);
  }
}
