// The measurements: `npm run bench` runs all suites, `npm run bench -- startup render` some of them.
// --node <path> (may be repeated) measures another Node.js, --runs <n> sets how often; --help shows the rest.
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { archive } from './archive.js';
import { clear } from './clear.js';
import { nodeVersion } from './measure.js';
import { memory } from './memory.js';
import { purge } from './purge.js';
import { render } from './render.js';
import { table, verdict } from './report.js';
import { scan } from './scan.js';
import { setupLocal } from './setup-local.js';
import { startup } from './startup.js';

const SUITES = { startup, 'setup-local': setupLocal, render, purge, clear, scan, archive, memory };
/** Takes so long that it runs only when it is named. */
const ONLY_NAMED = new Set(['memory']);
const USUAL = Object.keys(SUITES).filter((name) => !ONLY_NAMED.has(name));
const RESULTS = fileURLToPath(new URL('results', import.meta.url));

const HELP = `Usage: npm run bench -- [suite…] [options]

Suites: ${Object.keys(SUITES).join(', ')} (unless named, all but ${[...ONLY_NAMED].join(', ')}, which takes long)

  --node <path>  the Node.js to measure; may be repeated (default: the one that runs this)
  --runs <n>     runs of each case after the warm-up (default: the suite's own)
  --help         this

Every case is measured against a reference in the same run, the two taking turns. Medians, as other work on the
machine only ever adds time; spread is the lowest and the highest. 'ours / theirs' in a case's name: ratios are our time
for an item over theirs, so 0.20 is five times as fast and 1.18 is 0.85 of the rate; for capacity, units used over the
least that the rows need; for memory, the larger table's peak over the smaller's. A missed limit makes the exit code 1.

  BENCH_ROWS=100000,1000000  the sizes of the tables for memory
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    runs: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function choose(names) {
  const unknown = names.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined) throw new Error(`there is no suite '${unknown}': ${Object.keys(SUITES).join(', ')}`);
  return names.length === 0 ? USUAL : names;
}

function runsOf(text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--runs '${text}' is not a whole number of at least 1`);
  return Number(text);
}

if (values.help) process.stdout.write(HELP);
else {
  const results = [];
  for (const name of choose(positionals))
    for (const node of values.node.map((file) => path.resolve(file))) {
      const version = nodeVersion(node);
      process.stderr.write(`${name} on Node.js ${version} …\n`);
      for (const result of await SUITES[name]({ node, runs: runsOf(values.runs) }))
        results.push({ suite: name, node: version, ...result });
    }
  console.log(table(results));
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(RESULTS, `${at.replaceAll(/[:.]/g, '-')}.json`);
  const machine = { platform: process.platform, arch: process.arch, cores: os.cpus().length, load: os.loadavg() };
  writeFileSync(file, `${JSON.stringify({ at, machine, results }, undefined, 2)}\n`);
  console.log(`\nwritten to ${path.relative(process.cwd(), file)}`);
  if (results.some((result) => verdict(result) === 'FAIL')) process.exitCode = 1;
}
