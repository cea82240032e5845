import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { useEngine } from '../support/engine.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { IS_TORTURE, note } from './figures.js';
import { OPERATIONS } from './operations.js';
import { next, type Operation, type Ran, ran, type Stage, withStage } from './runs.js';

const engine = useEngine();

/** Promised are two seconds; a busy machine takes a while to end a process. A silent connection is borne for five, or thirty. */
const MOST_MS = IS_TORTURE ? 2000 : 5000;

const WRITES = /^(?:BatchWriteItem|BatchExecuteStatement|DeleteItem|PutItem|CreateTable|UpdateTable)$/;

interface Stopped {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the first signal to the end. */
  readonly ms: number;
  readonly argv: readonly string[];
}

/** Runs an operation whose calls get no answer any more, and interrupts it so many times once it waits. */
async function stopped(
  stage: Stage,
  operation: Operation,
  hanging: RegExp,
  signals: number,
  work: (stopped: Stopped) => Promise<void>,
): Promise<void> {
  await operation.prepare(stage);
  const proxy = await startFaultProxy({
    engineEndpoint: stage.engineEndpoint,
    seed: 1,
    rate: 1,
    kinds: ['stall'],
    stallMs: Infinity,
    operations: hanging,
  });
  try {
    const argv = [...operation.argv(stage), ...stage.tables, '--endpoint-url', proxy.endpoint, '--json', '--yes'];
    let at = 0;
    const interrupt = async (child: { kill(signal: NodeJS.Signals): boolean }): Promise<void> => {
      await expect.poll(() => proxy.injected.length, { timeout: 15_000 }).toBeGreaterThan(0);
      at = performance.now();
      for (let signal = 0; signal < signals; signal += 1) {
        child.kill('SIGINT');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    let interrupting: Promise<void> = Promise.resolve();
    const { code, stdout, stderr } = await runCli(argv, {
      cwd: stage.cwd,
      onStart: (child) => void (interrupting = interrupt(child)),
    });
    const ms = performance.now() - at;
    await interrupting;
    proxy.calm();
    await work({ code, stdout, stderr, ms, argv });
  } finally {
    await proxy.stop();
  }
}

const errorIn = (stderr: string): Ran['error'] => {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line).error : null;
};

describe('Ctrl-C, where no call is answered any more', () => {
  it.each(OPERATIONS)(
    '$name ends soon, says how far it came, and the next run does the rest',
    async (operation) => {
      const hanging = operation.name === 'backup' ? /^Scan$/ : WRITES;
      await withStage(engine, 60, (stage) =>
        stopped(stage, operation, hanging, 1, async ({ code, stdout, stderr, ms, argv }) => {
          expect({ code, isSoon: ms < MOST_MS, ms }).toMatchObject({ code: 130, isSoon: true });
          note({ kind: 'ctrl-c', operation: operation.name, ms });
          const said = stdout === '' ? null : JSON.parse(stdout);
          const first: Ran = { argv, code: 130, said, error: errorIn(stderr) };
          await operation.isHonest(stage, first);
          const second = await ran(next(first), stage.cwd);
          expect({ code: second.code, error: second.error }).toEqual({ code: 0, error: null });
          await operation.isHonest(stage, second);
          await operation.isRight(stage, second);
        }),
      );
    },
    60_000,
  );

  it('twice ends at once, without a result', async () => {
    const purge = OPERATIONS.find(({ name }) => name === 'purge by statements');
    if (purge === undefined) throw new Error('no purge');
    await withStage(engine, 60, (stage) =>
      stopped(stage, purge, WRITES, 2, async ({ code, stdout, ms }) => {
        expect([code, stdout]).toEqual([130, '']);
        note({ kind: 'ctrl-c', operation: 'twice', ms });
      }),
    );
  }, 60_000);
});
