import { writeSync } from 'node:fs';
import { CliError, EXIT } from './errors.js';
import { isCompletion, run } from './program.js';

// As the user set it: `local exec` hands it on to a command of the user's.
const env = { ...process.env };

// The SDK otherwise warns on stderr about versions of Node.js that this package supports and tests.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const interruption = new AbortController();

/** The first signal ends the work between two calls; the second ends the process. */
function interrupt(name: NodeJS.Signals): void {
  if (interruption.signal.aborted) process.exit(EXIT.interrupted);
  interruption.abort(new CliError('INTERRUPTED', 'interrupted', { cause: name }));
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);

const guarded = new Set<NodeJS.WriteStream>();

/** Calls back, in place of throwing, when nobody reads a stream any more; ends when it cannot be written. */
function guard(stream: NodeJS.WriteStream, onClosed: () => void): NodeJS.WriteStream {
  if (guarded.has(stream)) return stream;
  guarded.add(stream);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return onClosed();
    // A full disk, as a rule. Whoever reads stderr should not have to read code.
    writeSync(2, `error: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT.failed);
  });
  return stream;
}

async function main(): Promise<void> {
  process.exitCode = await run({
    argv: process.argv.slice(2),
    env,
    cwd: process.cwd(),
    // Node makes each stream when it is first asked for, which takes a while: help needs one of them.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      // `mcp-sessions list | head`: who wanted the result has gone.
      return guard(process.stdout, () => process.exit(process.exitCode ?? EXIT.done));
    },
    get stderr() {
      // `mcp-sessions setup 2>&1 | head`: nobody follows the progress any more, but work that has begun is finished.
      return guard(process.stderr, () => {});
    },
    signal: interruption.signal,
    now: Date.now,
  });
  // What a completion gave up to wait for does not keep the shell waiting.
  if (isCompletion(process.argv.slice(2))) process.exit();
}

void main();
