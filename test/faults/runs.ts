import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { RawClient } from '../support/engine.js';
import { type FaultKind, type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { runCommand } from '../support/run-command.js';
import { note } from './figures.js';

/** What an operation works on: tables of its own in the engine, and a folder of its own. */
export interface Stage {
  readonly raw: RawClient;
  readonly engineEndpoint: string;
  readonly sessions: string;
  readonly events: string;
  readonly cwd: string;
  /** How many sessions there are to work on. */
  readonly count: number;
  /** The flags that name the tables. */
  readonly tables: readonly string[];
}

export interface Ran {
  readonly argv: readonly string[];
  readonly code: number;
  /** What the command said on stdout, as JSON; null for nothing. */
  readonly said: Record<string, unknown> | null;
  /** The error on stderr; null for none. */
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string } | null;
}

/** A long operation: what it needs, how it is called, and what must be true of each of its runs, and in the end. */
export interface Operation {
  readonly name: string;
  readonly prepare: (stage: Stage) => Promise<void>;
  readonly argv: (stage: Stage) => readonly string[];
  /** Done before a call is carried out: what others do to the table meanwhile. */
  readonly meanwhile?: (stage: Stage, operation: string) => Promise<void>;
  /** Whatever a run says must be true, also where it was not whole. */
  readonly isHonest: (stage: Stage, ran: Ran) => Promise<void>;
  /** What must be true when a run has ended with 0. */
  readonly isRight: (stage: Stage, last: Ran) => Promise<void>;
}

export interface Case {
  readonly operation: Operation;
  readonly kinds: readonly FaultKind[];
  readonly rate: number;
  readonly seed: number;
  readonly count: number;
}

export async function ran(
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { code, stdout, stderr } = await runCommand(argv, { cwd, env });
  const lines = stderr.trim().split('\n');
  const last = lines.at(-1) ?? '';
  return {
    argv,
    code,
    said: stdout.trim() === '' ? null : JSON.parse(stdout),
    error: last.startsWith('{"error"') ? JSON.parse(last).error : null,
  };
}

/** The command that goes on, as the result says it; where it says none, the same command. */
export function next({ argv, said, error }: Ran): readonly string[] {
  const resume: unknown = said?.['resume'];
  if (typeof resume === 'object' && resume !== null && 'command' in resume && typeof resume.command === 'string') {
    const words = resume.command.split(' ');
    expect(words[0]).toBe('mcp-sessions');
    return words.slice(1);
  }
  const mayResume = error?.hint?.includes('--resume') === true && !argv.includes('--resume');
  return mayResume ? [...argv, '--resume'] : argv;
}

let stages = 0;

export async function withStage(
  engine: { readonly endpoint: string; readonly raw: RawClient },
  count: number,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-test-'));
  const sessions = `fault-${(stages += 1)}`;
  const events = `${sessions}-events`;
  const tables = ['--sessions-table', sessions, '--events-table', events, '--layout', 'mcp'];
  try {
    await work({ raw: engine.raw, engineEndpoint: engine.endpoint, sessions, events, cwd, count, tables });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Runs under the same faults, before these are ended: with many of them an operation may need more. */
const RUNS = 4;

/**
 * Runs an operation under faults, goes on as it says until it is whole, and checks each of the runs. The faults end
 * after a few runs; what is then not whole in one run more is lost.
 */
export async function endure(stage: Stage, { operation, kinds, rate, seed }: Case): Promise<void> {
  await operation.prepare(stage);
  const proxy: FaultProxy = await startFaultProxy({ engineEndpoint: stage.engineEndpoint, seed, rate, kinds });
  proxy.onCall = async (name) => operation.meanwhile?.(stage, name);
  const at = ['--endpoint-url', proxy.endpoint, '--json', '--yes'];
  try {
    let argv: readonly string[] = [...operation.argv(stage), ...stage.tables, ...at];
    for (let run = 1; ; run += 1) {
      if (run > RUNS) proxy.calm();
      const result = await ran(argv, stage.cwd, { AWS_ACCESS_KEY_ID: `key${run}`, AWS_SECRET_ACCESS_KEY: 'secret' });
      const about = { run, seed, argv: argv.join(' '), code: result.code, error: result.error, said: result.said };
      expect([0, 1, 5], JSON.stringify(about)).toContain(result.code);
      expect(result.error?.code ?? '', JSON.stringify(about)).not.toBe('INTERNAL');
      await operation.isHonest(stage, result);
      if (result.code === 0) {
        await operation.isRight(stage, result);
        note({
          kind: 'case',
          operation: operation.name,
          runs: run,
          injected: proxy.injected.length,
          calls: proxy.calls(),
        });
        return;
      }
      // Without a result nothing was done, and the error says why.
      if (result.said === null) expect(result.error, JSON.stringify(about)).not.toBeNull();
      expect(run, `not whole without faults: ${JSON.stringify(about)}`).toBeLessThanOrEqual(RUNS);
      argv = next(result);
    }
  } finally {
    await proxy.stop();
  }
}
