// All rows of a table: against a bare client that knows the keys, so that it need not read; against one that reads them as
// well; and against one DeleteItem after the other.
import { withProduct } from './product.js';
import { against, alone, capacity, jobs, turns } from './turns.js';

const ROWS = 100_000;

export const clear = ({ node, runs = 5 }) =>
  withProduct(['operations/clear/clear'], async (product) => {
    const names = ['clear', 'bare deletes', 'bare scan of keys and deletes', 'loop of DeleteItem'];
    const results = await turns(jobs(names, { node, product }), { runs, rows: ROWS, deletes: true });
    return [
      against('clear', 'loop of DeleteItem', 1 / 8, results),
      against('clear', 'bare deletes', 1 / 0.85, results),
      against('clear', 'bare scan of keys and deletes', undefined, results),
      alone('loop of DeleteItem', results),
      alone('bare deletes', results),
      alone('bare scan of keys and deletes', results),
      capacity('clear', 'writeUnits', results),
      capacity('clear', 'readUnits', results),
    ];
  });
