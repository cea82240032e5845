// Timing of processes, and the figures that are told of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command, as npm would link it. */
export const COMMAND = fileURLToPath(new URL('../bin/mcp-sessions.js', import.meta.url));

export const nodeVersion = (node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);

/** Runs `use` with a new empty folder, which is removed afterwards. */
export async function inFolder(use) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The environment of a user who has set nothing, so that nobody's configuration is measured. */
export const bareEnvironment = (home, extra = {}) => ({
  PATH: process.env.PATH,
  HOME: home,
  LANG: 'C.UTF-8',
  ...extra,
});

/** Milliseconds from the start of a process to its end. Throws when it fails: a failure is fast, and no measurement. */
export function timeProcess(program, args, options) {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const ms = performance.now() - started;
  if (error !== undefined || status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error?.message ?? String(stderr)}`);
  return ms;
}

/** Good enough for an engine on this machine. */
const LOCAL_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_DEFAULT_REGION: 'eu-west-1' };

/** As timeProcess, in a folder that is its home too, its output thrown away. */
export const timeWhole = (program, args, folder, extra = {}) =>
  timeProcess(program, args, {
    cwd: folder,
    env: bareEnvironment(folder, { ...LOCAL_CREDENTIALS, ...extra }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });

export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 0 ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
  return { median, min: sorted[0], max: sorted.at(-1), runs: sorted.length };
}

/**
 * What was measured against what it is compared with, turn by turn: the ratio of the medians, of the best times (which is
 * where the others lead on a machine that is busy with other things), and, for its spread, of each turn to the same turn.
 */
export function compare(own, base) {
  const pairs = summary(own.map((value, at) => value / base[at]));
  return {
    ...pairs,
    pairwise: pairs.median,
    median: summary(own).median / summary(base).median,
    best: Math.min(...own) / Math.min(...base),
  };
}

/**
 * Measures cases in turns, so that whatever else the machine does meets all of them alike. `cases` maps a name to a
 * function that answers milliseconds.
 */
export function inTurns(cases, reference, { runs, warmUp }) {
  const names = Object.keys(cases);
  const times = new Map(names.map((name) => [name, []]));
  for (let turn = -warmUp; turn < runs; turn += 1) {
    const shift = Math.abs(turn) % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const took = cases[name]();
      if (turn >= 0) times.get(name).push(took);
    }
  }
  const base = times.get(reference);
  return names.map((name) => {
    const own = times.get(name);
    return { name, time: summary(own), ratio: compare(own, base) };
  });
}
