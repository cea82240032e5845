import { holdEngine, type LocalEngine } from './acquire.js';
import { startProcess } from './engine-process.js';
import { findEngine } from './find.js';

export interface StartEngineOptions {
  /** null: in memory, for this process alone. */
  readonly dataFile: string | null;
  /** Without one: any free port, or that of the engine that runs on the file already. */
  readonly port?: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** What others are told who wait; `mcp-sessions local start` unless given. */
  readonly label?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In memory only: whether the engine alone keeps this process alive; true unless given. */
  readonly keepsAlive?: boolean | undefined;
}

/**
 * An engine for an application, a child command or a test. On a file it is the same as {@link acquireEngine}'s, so that
 * commands find and share it, but keeps this process alive, and the port can be chosen. In memory it is a child of this
 * process. Either way it does not outlive this process, not even after kill -9, unless other commands share it.
 * @throws CliError ENGINE_BUSY when the port is taken, or the file's engine runs on another port: with label, process id,
 * since when and where; otherwise as {@link acquireEngine}
 */
export async function startEngine(options: StartEngineOptions): Promise<LocalEngine> {
  const { dataFile, port, env, label = 'mcp-sessions local start', signal, keepsAlive } = options;
  if (dataFile !== null) return holdEngine({ dataFile, port, env, label, signal, keepsAlive: true });
  signal?.throwIfAborted();
  const engine = await findEngine(env);
  const running = await startProcess({ engine, dataFile: null, port, signal, keepsAlive });
  return {
    endpoint: `http://127.0.0.1:${running.port}`,
    dataFile: ':memory:',
    pid: running.pid,
    info: engine,
    startedByUs: true,
    ended: running.ended.then((how) => `the local engine ended: ${how}`),
    release: async () => running.stop(),
  };
}
