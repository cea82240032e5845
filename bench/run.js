// The measurements: `npm run bench` runs all suites, `npm run bench -- startup render` some of them.
// --node <path> (may be repeated) measures another Node.js, --runs <n> sets how often; --help shows the rest.
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeVersion } from './measure.js';
import { clear, purge } from './purge.js';
import { render } from './render.js';
import { setupLocal } from './setup-local.js';
import { startup } from './startup.js';

const SUITES = { startup, 'setup-local': setupLocal, render, purge, clear };
const RESULTS = fileURLToPath(new URL('results', import.meta.url));

const HELP = `Usage: npm run bench -- [suite…] [options]

Suites: ${Object.keys(SUITES).join(', ')} (all of them unless named)

  --node <path>  the Node.js to measure; may be repeated (default: the one that runs this)
  --runs <n>     runs of each case after the warm-up (default: the suite's own)
  --help         this

Every case is measured against a reference in the same run, the two taking turns. Medians, as other work on the
machine only ever adds time; spread is the lowest and the highest. A missed limit makes the exit code 1.
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
  return names.length === 0 ? Object.keys(SUITES) : names;
}

function runsOf(text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--runs '${text}' is not a whole number of at least 1`);
  return Number(text);
}

function cell(value) {
  if (value === undefined || value === null) return '';
  return typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 1) : String(value);
}

function table(rows) {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [keys, ...rows.map((row) => keys.map((key) => cell(row[key])))];
  const widths = keys.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const verdict = ({ limit, measured }) => (limit === undefined ? undefined : measured <= limit ? 'pass' : 'FAIL');

const ms = ({ median, min, max }) => ({ 'median ms': median, 'min–max': `${min.toFixed(1)}–${max.toFixed(1)}` });

function toRow({ suite, node, name, time, ratio, limit, measured }) {
  return {
    suite,
    node,
    case: name,
    ...ms(time),
    '× reference': ratio?.median,
    'at best': ratio?.best,
    'spread of ×': ratio && `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
    limit,
    verdict: verdict({ limit, measured }),
  };
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
  console.log(table(results.map(toRow)));
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(RESULTS, `${at.replaceAll(/[:.]/g, '-')}.json`);
  const machine = { platform: process.platform, arch: process.arch, cores: os.cpus().length, load: os.loadavg() };
  writeFileSync(file, `${JSON.stringify({ at, machine, results }, undefined, 2)}\n`);
  console.log(`\nwritten to ${path.relative(process.cwd(), file)}`);
  if (results.some((result) => verdict(result) === 'FAIL')) process.exitCode = 1;
}
