// Cases in turns on the engine, and the rows of the bench's table that are made of them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withEngine } from './engine.js';
import { compare, summary } from './measure.js';
import { fill } from './rows.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

/** The SDK's own note of what it will need next year. */
const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

/** A case that is a job of the worker. */
const job =
  (name, { node, product }) =>
  ({ endpoint, table }) => {
    const task = JSON.stringify({ product, endpoint, table });
    const env = { ...process.env, ...QUIET };
    return JSON.parse(execFileSync(node, [WORKER, name, task], { encoding: 'utf8', env }));
  };

/** Cases that are jobs of the worker, by name. */
export const jobs = (names, options) => Object.fromEntries(names.map((name) => [name, job(name, options)]));

/**
 * Figures of each case, `{ ms, count, … }` a turn after the warm-up, which is on a tenth of the rows, and what the table
 * needs at the least. Each turn has a fresh engine, since what it has deleted slows an engine down. Cases that delete have
 * a table each, others share one.
 */
export async function turns(cases, { runs, rows, bytes, deletes }) {
  const names = Object.keys(cases);
  const found = new Map(names.map((name) => [name, []]));
  let least;
  for (let turn = -1; turn < runs; turn += 1)
    await withEngine(async ({ endpoint, post }) => {
      const shift = Math.abs(turn) % names.length;
      const size = { rows: turn < 0 ? rows / 10 : rows, bytes };
      if (!deletes) least = await fill({ post }, 'rows', size);
      for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
        if (deletes) least = await fill({ post }, 'rows', size);
        const figures = await cases[name]({ endpoint, post, table: 'rows' });
        if (deletes) await post('DeleteTable', { TableName: 'rows' });
        if (turn >= 0) found.get(name).push(figures);
      }
    });
  return { found, least };
}

const times = (figures) => ({
  time: summary(figures.map(({ ms }) => ms)),
  perSecond: summary(figures.map(({ ms, count }) => (count * 1000) / ms)).median,
});

/** A row for a case alone, which others are measured against. */
export const alone = (name, { found }) => ({ name, ...times(found.get(name)) });

const perItem = (figures) => figures.map(({ ms, count }) => ms / count);

/** A row for a case against another: × the other's time for an item; `limit` is the most that passes, if anything is asked. */
export function against(name, reference, limit, { found }) {
  const ratio = compare(perItem(found.get(name)), perItem(found.get(reference)));
  return { name: `${name} / ${reference}`, ...times(found.get(name)), ratio, limit, measured: ratio.median };
}

const UNITS_LIMIT = 1.02;

/** A row for the capacity of a case: `kind` is readUnits or writeUnits. */
export function capacity(name, kind, { found, least }) {
  const used = found.get(name).map((figures) => figures[kind]);
  const units = { used: summary(used).median, least: least[kind] };
  const ratio = summary(used.map((each) => each / units.least));
  const what = kind === 'readUnits' ? 'read units' : 'write units';
  return { name: `${name}: ${what}`, units, ratio, limit: UNITS_LIMIT, measured: ratio.median };
}
