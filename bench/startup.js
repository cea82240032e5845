// How long the command takes to start, against a Node.js that does nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { bareEnvironment, COMMAND, inFolder, inTurns, timeProcess } from './measure.js';

const REFERENCE = 'node -e 0';
const LIMITS = { '--help': 1.6, 'list --limit 1': 4 };

/** Starts the embedded engine in memory; answers its address and how to stop it. */
async function startEngine(node, options) {
  const child = spawn(node, [COMMAND, 'local', 'start', '--memory', '--output', 'ndjson'], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
  };
  return { endpoint: JSON.parse(line).endpoint, stop };
}

export const startup = ({ node, runs = 25 }) =>
  inFolder(async (folder) => {
    const engine = await startEngine(node, { cwd: folder, env: bareEnvironment(folder) });
    try {
      const env = bareEnvironment(folder, { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint });
      const run = (...args) => timeProcess(node, args, { cwd: folder, env });
      run(COMMAND, 'setup', '--yes');
      run(COMMAND, 'seed', '--random-seed', '1');
      const cases = {
        [REFERENCE]: () => run('-e', '0'),
        '--help': () => run(COMMAND, '--help'),
        '--version': () => run(COMMAND, '--version'),
        'list --limit 1': () => run(COMMAND, 'list', '--limit', '1'),
      };
      return inTurns(cases, REFERENCE, { runs, warmUp: 3 }).map((result) => ({
        ...result,
        limit: LIMITS[result.name],
        measured: result.ratio.median,
      }));
    } finally {
      await engine.stop();
    }
  });
