// The conditional purge: its reading and its deletes, each against a bare client that sends the same, and the deletes
// against the loop that people write.
import { withProduct } from './product.js';
import { against, alone, capacity, jobs, turns } from './turns.js';

const FILES = ['purge', 'plan', 'files'].map((name) => `operations/purge/${name}`);
const ROWS = 50_000;

export const purge = ({ node, runs = 5 }) =>
  withProduct(FILES, async (product) => {
    const names = [
      'purge, deletes',
      'bare statements',
      'loop of conditional DeleteItem',
      'purge, reading',
      'bare scan of what has expired',
    ];
    const results = await turns(jobs(names, { node, product }), { runs, rows: ROWS, deletes: true });
    return [
      against('purge, deletes', 'loop of conditional DeleteItem', 1 / 5, results),
      against('purge, deletes', 'bare statements', 1 / 0.85, results),
      against('purge, reading', 'bare scan of what has expired', undefined, results),
      alone('loop of conditional DeleteItem', results),
      alone('bare statements', results),
      alone('bare scan of what has expired', results),
      capacity('purge, deletes', 'writeUnits', results),
      capacity('purge, deletes', 'readUnits', results),
    ];
  });
