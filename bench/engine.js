// The embedded engine, in memory. Tables have no streams: the engine's slow down as they fill.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareClient } from './bare-client.js';

const STARTS_WITHIN_MS = 10_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilItAnswers(post, child) {
  const deadline = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    const answer = await post('ListTables', {}).catch(() => null);
    if (answer !== null) return;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('the engine does not answer');
    await sleep(25);
  }
}

/** Runs `use` with the address of a fresh engine and a client of it, and stops the engine afterwards. */
export async function withEngine(use) {
  const port = await freePort();
  const binary = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  const child = spawn(binary, ['--port', String(port), '--host', '127.0.0.1'], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const { post, close } = bareClient(endpoint);
  try {
    await untilItAnswers(post, child);
    return await use({ endpoint, post });
  } finally {
    close();
    child.kill('SIGKILL');
  }
}
