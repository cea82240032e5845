import { Option } from 'commander';
import { wholeNumber } from './global-options.js';

/** The flags that say how hard a scan may work; the same for `list`, `stats` and `purge`. */
export const maxRcuOption = (): Option =>
  new Option('--max-rcu <units>', 'read capacity units a second at the most').argParser(wholeNumber(1));

export const concurrencyOption = (calls: number): Option =>
  new Option('--concurrency <n>', 'calls in flight at the most; fewer while the table throttles')
    .default(calls)
    .argParser(wholeNumber(1));

/** DynamoDB takes a million; many more parts than calls in flight only make more of them. */
const MOST_SEGMENTS = 4096;

export const segmentsOption = (): Option =>
  new Option('--segments <n>', `parts in which the table is read at once, 1 to ${MOST_SEGMENTS}`).argParser(
    wholeNumber(1, MOST_SEGMENTS),
  );
