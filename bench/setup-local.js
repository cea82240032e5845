// `setup --local` in an empty folder: the engine's start, two tables with indexes, streams and TTL, the engine's stop.
import { bareEnvironment, COMMAND, inFolder, summary, timeProcess } from './measure.js';

const LIMIT_MS = 1000;

export async function setupLocal({ node, runs = 9 }) {
  const times = [];
  for (let turn = -2; turn < runs; turn += 1) {
    const took = await inFolder((folder) =>
      timeProcess(node, [COMMAND, 'setup', '--local', '--yes'], { cwd: folder, env: bareEnvironment(folder) }),
    );
    if (turn >= 0) times.push(took);
  }
  const time = summary(times);
  return [{ name: 'setup --local --yes, ms', time, limit: LIMIT_MS, measured: time.median }];
}
