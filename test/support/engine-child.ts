import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireEngine, startEngine } from '../../src/local/index.js';
import { createTable, put } from './engine-client.js';

// A command as the tests see one: takes an engine, says where it is, writes items until it is told to release or killed.
const [mode = '', dataFile = '', prefix = '', label = 'mcp-sessions test'] = process.argv.slice(2);

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const { env } = process;
const over = new AbortController();
for (const event of ['data', 'end']) process.stdin.on(event, () => over.abort());

const engine =
  mode === 'acquire'
    ? await acquireEngine({ dataFile, env, label })
    : await startEngine({ dataFile: mode === 'memory' ? null : dataFile, env, label });
const { endpoint, pid, startedByUs } = engine;
// As `local exec` does: a process of its own, here one that outlives it.
const seconds = env['TEST_SLEEP'];
if (seconds !== undefined) spawn('sleep', [seconds], { stdio: 'ignore', detached: true });
say({ endpoint, pid, startedByUs });
void engine.ended.finally(() => over.abort());
await createTable(endpoint);
for (let index = 0; !over.signal.aborted; index += 1) {
  try {
    await put(endpoint, `${prefix}${index}`);
  } catch {
    break;
  }
  say({ put: `${prefix}${index}` });
  if (mode === 'memory' || prefix.endsWith('-slow-')) await sleep(20);
}
while (!over.signal.aborted) await sleep(5);
await engine.release();
say({ released: true });
process.stdin.destroy();
