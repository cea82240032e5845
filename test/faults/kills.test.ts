import { describe, expect, it } from 'vitest';
import { idsOf, itemsOf } from '../operations/purge/harness.js';
import { runCli } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { chance } from '../support/faults/chance.js';
import { IS_TORTURE, note, SEED } from './figures.js';
import { OPERATIONS } from './operations.js';
import { type Operation, ran, type Stage, withStage } from './runs.js';

const engine = useEngine();

/** Purges, backups and restores are killed in test/e2e as well, at any moment rather than at any call. */
const ROUNDS = IS_TORTURE ? 15 : 3;
const COUNT = IS_TORTURE ? 250 : 120;

/** What goes on after a run that could say nothing any more. */
const RESUMED = new Set(['purge by statements', 'purge by items', 'backup', 'restore']);

type Child = { kill(signal: NodeJS.Signals): boolean };

/** Kills a command at a certain call, a moment after it came; half of the calls are carried out all the same. */
function killAt(proxy: FaultProxy, nth: number, words: readonly (string | number)[], child: () => Child | undefined) {
  let calls = 0;
  proxy.onCall = async () => {
    calls += 1;
    if (calls !== nth) return;
    await new Promise((resolve) => setTimeout(resolve, 6 * chance('moment', ...words)));
    child()?.kill('SIGKILL');
    if (chance('acted', ...words) < 0.5) throw new Error('the call is lost');
  };
}

/** How many calls an operation takes when nobody kills it. */
async function callsOf(operation: Operation): Promise<number> {
  let calls = 0;
  await withStage(engine, COUNT, async (stage) => {
    await operation.prepare(stage);
    const proxy = await startFaultProxy({ engineEndpoint: engine.endpoint, seed: SEED, rate: 0, kinds: [] });
    try {
      const argv = [...operation.argv(stage), ...stage.tables, '--endpoint-url', proxy.endpoint, '--json', '--yes'];
      expect((await ran(argv, stage.cwd)).code).toBe(0);
      calls = proxy.calls();
    } finally {
      await proxy.stop();
    }
  });
  return calls;
}

/** One round; answers whether the command was killed before its end. */
async function round(stage: Stage, operation: Operation, nth: number, words: readonly (string | number)[]) {
  await operation.prepare(stage);
  const proxy = await startFaultProxy({ engineEndpoint: engine.endpoint, seed: SEED, rate: 0, kinds: [] });
  try {
    const argv = [...operation.argv(stage), ...stage.tables, '--endpoint-url', proxy.endpoint, '--json', '--yes'];
    let running: Child | undefined;
    killAt(proxy, nth, words, () => running);
    const first = await runCli(argv, { cwd: stage.cwd, onStart: (child) => void (running = child) });
    proxy.onCall = async () => {};
    if (first.signal !== 'SIGKILL') {
      expect(first.code).toBe(0);
      return false;
    }
    const rest = await ran(RESUMED.has(operation.name) ? [...argv, '--resume'] : argv, stage.cwd);
    expect({ words, code: rest.code, error: rest.error }).toEqual({ words, code: 0, error: null });
    if (operation.name === 'seed') await isWholeSeed(stage);
    else await operation.isRight(stage, rest);
    return true;
  } finally {
    await proxy.stop();
  }
}

/** Nobody knows what the killed run wrote: another one writes all of its own, and no event is there without its session. */
async function isWholeSeed(stage: Stage): Promise<void> {
  const sessions = await idsOf(stage.raw, stage.sessions);
  expect(sessions.size).toBeGreaterThanOrEqual(stage.count);
  const events = await itemsOf(stage.raw, stage.events);
  expect(events.filter((item) => !sessions.has(String(item['session_id']?.['S'])))).toEqual([]);
}

describe(`after kill -9 at any call, by the seed ${SEED}`, () => {
  it.each(OPERATIONS)(
    `$name: the next run ends right, in each of ${ROUNDS} rounds`,
    async (operation) => {
      const calls = await callsOf(operation);
      let killed = 0;
      for (let at = 0; at < ROUNDS; at += 1) {
        const words = [SEED, operation.name, at];
        const nth = 1 + Math.floor(calls * chance('which call', ...words));
        await withStage(engine, COUNT, async (stage) => {
          if (await round(stage, operation, nth, words)) killed += 1;
        });
      }
      note({ kind: 'kills', operation: operation.name, rounds: ROUNDS, killed });
      expect(killed).toBeGreaterThan(0);
    },
    600_000,
  );
});
