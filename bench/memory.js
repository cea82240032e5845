// The peak memory of the built command on a small table and on one ten times as large. Takes some twenty minutes, so that it
// runs only when it is named. BENCH_ROWS=20000,50000 are other sizes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { withEngine } from './engine.js';
import { COMMAND, inFolder, summary, timeWhole } from './measure.js';
import { fill } from './rows.js';

const REPORTER = new URL('report-rss.js', import.meta.url).href;
const MOST_GROWTH = 1.2;

/** Commands on one table, of which the last leaves no rows; a fresh engine for each list. */
const ROUNDS = [
  [
    { args: ['stats'], mostMB: 200 },
    { args: ['purge', '--expired', '--keep-events', '--delete-with', 'statements', '--yes'], mostMB: 200 },
  ],
  [
    { args: ['backup', 'create', '--to', 'kept', '--no-events'], mostMB: 250 },
    { args: ['restore', 'kept', '--to-table', 'restored', '--no-events', '--yes'], mostMB: 250 },
    { args: ['teardown', '--clear-data', '--no-recreate', '--only', 'sessions', '--yes'], mostMB: 200 },
  ],
];
const COMMANDS = ROUNDS.flat().map(({ args: [name], mostMB }) => ({ name, limit: mostMB * 1e6 }));

function sizes() {
  const text = process.env.BENCH_ROWS ?? '100000,1000000';
  const rows = text.split(',').map(Number);
  if (rows.length < 2 || !rows.every((count) => Number.isInteger(count) && count > 0))
    throw new Error(`BENCH_ROWS '${text}' is not two numbers of rows or more: 100000,1000000`);
  return rows;
}

function peakOf(node, folder, command, { endpoint }) {
  const file = path.join(folder, 'rss');
  const place = ['--layout', 'mcp', '--sessions-table', 'rows', '--endpoint-url', endpoint];
  const args = ['--import', REPORTER, COMMAND, ...command, ...place, '--json'];
  const ms = timeWhole(node, args, folder, { BENCH_RSS_FILE: file });
  return { ms, bytes: Number(readFileSync(file, 'utf8')) };
}

/** Peaks of each command by size: a list of `{ ms, bytes }` for each, one a run. */
async function measureAll(node, rowCounts, runs) {
  const found = new Map(COMMANDS.map(({ name }) => [name, new Map(rowCounts.map((rows) => [rows, []]))]));
  for (let run = 0; run < runs; run += 1)
    for (const rows of rowCounts)
      for (const commands of ROUNDS)
        await withEngine((engine) =>
          inFolder(async (folder) => {
            await fill(engine, 'rows', { rows });
            for (const { args } of commands) {
              const [name] = args;
              process.stderr.write(`  ${name} on ${rows} rows …\n`);
              const figures = peakOf(node, folder, args, engine);
              found.get(name).get(rows).push(figures);
            }
            const { Items: left } = await engine.post('Scan', { TableName: 'rows', Limit: 1 });
            if (left.length > 0) throw new Error(`${commands.at(-1).args[0]} left rows`);
          }),
        );
  return found;
}

function rowsOf({ name, limit }, bySize) {
  const peaks = [...bySize].map(([rows, figures]) => ({
    rows,
    time: summary(figures.map(({ ms }) => ms)),
    peak: summary(figures.map(({ bytes }) => bytes)),
  }));
  const [smallest, largest] = [peaks[0], peaks.at(-1)];
  const growth = largest.peak.median / smallest.peak.median;
  return [
    ...peaks.map(({ rows, time, peak }) => ({
      name: `${name}, ${rows} rows: peak memory`,
      time,
      peak,
      limit,
      measured: peak.median,
    })),
    {
      name: `${name}: peak memory at ${largest.rows} rows / at ${smallest.rows}`,
      peak: largest.peak,
      ratio: { median: growth, min: largest.peak.min / smallest.peak.max, max: largest.peak.max / smallest.peak.min },
      limit: MOST_GROWTH,
      measured: growth,
    },
  ];
}

export async function memory({ node, runs = 1 }) {
  const found = await measureAll(node, sizes(), runs);
  return COMMANDS.flatMap((command) => rowsOf(command, found.get(command.name)));
}
