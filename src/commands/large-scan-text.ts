import type { LargeScan } from '../operations/sessions/large-scan.js';
import { formatCount } from '../output/format-count.js';
import { formatDollars } from '../output/format-dollars.js';
import { formatSize } from '../output/format-size.js';
import { duration } from '../output/format-time.js';

/** What reading a large table whole is about to take, and what would take less. */
export function largeScanText(scan: LargeScan): string {
  const { table, items, bytes, readUnits, dollars, prices, seconds, cheaper } = scan;
  const size = `about ${formatCount(items)} items, ${formatSize(bytes)}, ${formatCount(readUnits)} read units`;
  const price = `${formatDollars(dollars)} at on-demand list prices, ${prices.region}, ${prices.asOf}`;
  const pace = seconds === null ? '--max-rcu <n> spreads it over time' : `at --max-rcu it takes ${about(seconds)}`;
  const index =
    cheaper === null
      ? ''
      : `; the first few, with --limit and without --no-index, take about ${formatCount(Math.ceil(cheaper.readUnits))} from the index ${cheaper.index}`;
  return `table '${table}' is large and is read whole: ${size} (${price}); ${pace}${index}`;
}

const about = (seconds: number): string => (seconds < 60 ? 'less than a minute' : `about ${duration(seconds * 1000)}`);
