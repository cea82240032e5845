import { CliError, EXIT } from './errors.js';
import { run } from './program.js';

// The SDK otherwise warns on stderr about versions of Node.js that this package supports and tests.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const interruption = new AbortController();

/** The first signal ends the work between two calls; the second ends the process. */
function interrupt(): void {
  if (interruption.signal.aborted) process.exit(EXIT.interrupted);
  interruption.abort(new CliError('INTERRUPTED', 'interrupted'));
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.on('SIGHUP', interrupt);

const guarded = new Set<NodeJS.WriteStream>();

/** `mcp-sessions list | head`: the reader has gone, and there is nobody left to tell. */
function guard(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (guarded.has(stream)) return stream;
  guarded.add(stream);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.done);
  });
  return stream;
}

async function main(): Promise<void> {
  process.exitCode = await run({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    // Node makes each stream when it is first asked for, which takes a while: help needs one of them.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return guard(process.stdout);
    },
    get stderr() {
      return guard(process.stderr);
    },
    signal: interruption.signal,
    now: Date.now,
  });
}

void main();
