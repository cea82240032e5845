// Laying out a table of 10,000 sessions, against padding the same cells without a thought for their width.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { inFolder, inTurns } from './measure.js';

const ROWS = 10_000;
const REFERENCE = 'padEnd alone';

const columns = [
  { key: 'id', title: 'Id', truncate: 'middle', min: 20 },
  { key: 'state', title: 'State' },
  { key: 'lastActivityAt', title: 'Last activity', priority: 4 },
  { key: 'createdAt', title: 'Created', priority: 2 },
  { key: 'expiresAt', title: 'Expires', priority: 3 },
  { key: 'sizeBytes', title: 'Size', align: 'right', priority: 1 },
];

const STYLES = { active: 'good', expired: 'muted', terminated: 'warn' };

function rowsOf(count) {
  const states = Object.keys(STYLES);
  return Array.from({ length: count }, (_, at) => {
    const time = (hours) => new Date(Date.UTC(2026, 0, 1) + at * 1000 + hours * 3_600_000).toISOString();
    const state = states[at % states.length];
    return {
      id: at.toString(16).padStart(32, '0'),
      state: { text: state, style: STYLES[state] },
      lastActivityAt: time(1),
      createdAt: time(0),
      expiresAt: time(2),
      sizeBytes: `${400 + (at % 100)} B`,
    };
  });
}

const textOf = (cell) => (typeof cell === 'object' ? cell.text : cell);

function padOnly(rows) {
  const widths = columns.map(({ key }) => Math.max(...rows.map((row) => textOf(row[key]).length)));
  return rows.map((row) => columns.map(({ key }, at) => textOf(row[key]).padEnd(widths[at])).join('  ')).join('\n');
}

function timed(work) {
  const started = performance.now();
  const text = work();
  if (text.split('\n').length < ROWS) throw new Error('rows are missing');
  return performance.now() - started;
}

/** In a process of the Node.js that is measured. */
async function measureHere(bundle, runs) {
  const { Page } = await import(pathToFileURL(bundle).href);
  const rows = rowsOf(ROWS);
  const page = (width, color) => new Page({ width, color, unicode: true, now: new Date() });
  const cases = {
    [REFERENCE]: () => timed(() => padOnly(rows)),
    'table, no terminal': () => timed(() => page(undefined, false).table(columns, rows)),
    'table, 100 columns, colour': () => timed(() => page(100, true).table(columns, rows)),
    'JSON.stringify': () => timed(() => JSON.stringify(rows, undefined, 2)),
  };
  return inTurns(cases, REFERENCE, { runs, warmUp: 2 });
}

export const render = ({ node, runs = 15 }) =>
  inFolder(async (folder) => {
    const bundle = path.join(folder, 'page.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('../src/output/page.ts', import.meta.url))],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
    });
    const output = path.join(folder, 'result.json');
    execFileSync(node, [fileURLToPath(import.meta.url), bundle, String(runs), output], { stdio: 'inherit' });
    const { default: results } = await import(pathToFileURL(output).href, { with: { type: 'json' } });
    return results.map((result) => ({ ...result, name: `${result.name}, ${ROWS} rows` }));
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [bundle = '', runs = '', output = ''] = process.argv.slice(2);
  writeFileSync(output, JSON.stringify(await measureHere(bundle, Number(runs))));
}
