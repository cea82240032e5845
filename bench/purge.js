// The conditional purge: its reading and its deletes, each against a bare client that sends the same, and the deletes
// against the loop that people write.
import { withProduct } from './product.js';
import { against, alone, capacity, jobs, turns } from './turns.js';

const FILES = ['purge', 'plan', 'files'].map((name) => `operations/purge/${name}`);
const ROWS = 100_000;

export const purge = ({ node, runs = 5 }) =>
  withProduct(FILES, async (product) => {
    const names = ['purge, deletes', 'bare statements', 'loop of conditional DeleteItem'];
    const results = await turns(jobs(names, { node, product }), { runs, rows: ROWS, deletes: true });
    const readers = jobs(['purge, reading', 'bare scan of what has expired'], { node, product });
    const readings = await turns(readers, { runs, rows: ROWS, deletes: false });
    return [
      against('purge, deletes', 'loop of conditional DeleteItem', 1 / 5, results),
      against('purge, deletes', 'bare statements', 1 / 0.85, results),
      against('purge, reading', 'bare scan of what has expired', undefined, readings),
      alone('loop of conditional DeleteItem', results),
      alone('bare statements', results),
      alone('bare scan of what has expired', readings),
      capacity('purge, deletes', 'writeUnits', results),
      capacity('purge, deletes', 'readUnits', results),
    ];
  });
