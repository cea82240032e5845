// The long run of the faults: every long operation under every fault at several rates, kill -9 at any call, Ctrl-C, and
// throttling; with more rows and rounds than the tests of every day, and by a new seed. Prints what was counted.
// `npm run torture -- 123` runs by the seed 123 again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 1_000_000));
if (!Number.isSafeInteger(seed)) {
  console.error('usage: npm run torture -- [seed]');
  process.exit(2);
}
console.log(`seed ${seed}: \`npm run torture -- ${seed}\` does the same again\n`);

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-torture-'));
const file = path.join(folder, 'figures.jsonl');
const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const started = performance.now();
const env = { ...process.env, MCP_SESSIONS_TORTURE_FIGURES: file, MCP_SESSIONS_TORTURE_SEED: String(seed) };
const run = (...args) =>
  spawnSync(process.execPath, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit', env }).status;
// Rates are measured while nothing else runs; what waits for pauses most of the time runs together.
const paced = run('test/faults/throttling.test.ts');
const others = run('test/faults/endure', 'test/faults/kills', 'test/faults/interrupt', '--maxConcurrency=10');
const figures = existsSync(file)
  ? readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  : [];
rmSync(folder, { recursive: true, force: true });

const of = (kind) => figures.filter((figure) => figure.kind === kind);
const sum = (list, member) => list.reduce((total, figure) => total + figure[member], 0);
const names = (list) => [...new Set(list.map(({ operation }) => operation))];
const round = (value) => Math.round(value).toLocaleString('en-US');

console.log(`\nseed ${seed}, ${round((performance.now() - started) / 60_000)} minutes, Node.js ${process.version}\n`);
console.log('| operation | cases | runs | calls | faults injected |\n|---|---|---|---|---|');
for (const name of names(of('case'))) {
  const cases = of('case').filter(({ operation }) => operation === name);
  const cells = [cases.length, sum(cases, 'runs'), sum(cases, 'calls'), sum(cases, 'injected')].map(round);
  console.log(`| ${[name, ...cells].join(' | ')} |`);
}
const all = of('case');
console.log(
  `| all | ${[all.length, sum(all, 'runs'), sum(all, 'calls'), sum(all, 'injected')].map(round).join(' | ')} |`,
);
console.log('\n| kill -9 | rounds | killed before the end |\n|---|---|---|');
for (const { operation, rounds, killed } of of('kills')) console.log(`| ${operation} | ${rounds} | ${killed} |`);
console.log('\n| Ctrl-C, no call answered | seconds to the end |\n|---|---|');
for (const { operation, ms } of of('ctrl-c')) console.log(`| ${operation} | ${(ms / 1000).toFixed(1)} |`);
console.log('\n| throttled at, units a second | mean | least second | most |\n|---|---|---|---|');
for (const { operation, rate, mean, least, most } of of('settled'))
  console.log(
    `| ${operation}: ${round(rate)} | ${round(mean)} | ${least === 0 ? '' : round(least)} | ${round(most)} |`,
  );
console.log(
  '\n| budget, units a second, below full partitions | spent a second | most of any second | refused |\n|---|---|---|---|',
);
for (const { operation, limit, rate, most, refused } of of('limited'))
  console.log(`| ${operation}: ${round(limit)} | ${round(rate)} | ${round(most)} | ${round(refused)} |`);
console.log(paced === 0 && others === 0 ? '\nlosses: 0' : '\nsomething was lost, or not as promised: see above');
process.exitCode = paced === 0 && others === 0 ? 0 : 1;
