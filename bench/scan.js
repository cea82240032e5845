// Reading a whole table for `stats`, against bare clients that only count, and the whole command against the AWS CLI's scan.
import { spawnSync } from 'node:child_process';
import { bareEnvironment, COMMAND, inFolder, timeWhole } from './measure.js';
import { withProduct } from './product.js';
import { against, alone, capacity, jobs, turns } from './turns.js';

const ROWS = 100_000;
const ROW_BYTES = 600;
const OURS = 'mcp-sessions stats';
const THEIRS = 'aws dynamodb scan';

/** A case that is a whole process. */
const wholeProcess =
  (folder, program, argsFor) =>
  ({ endpoint, table }) => ({ ms: timeWhole(program, argsFor(endpoint, table), folder), count: ROWS });

const STATS = [COMMAND, 'stats', '--no-events', '--layout', 'mcp', '--json'];
const statsArgs = (endpoint, table) => [...STATS, '--sessions-table', table, '--endpoint-url', endpoint];

const SCAN = ['dynamodb', 'scan', '--output', 'json'];
const scanArgs = (endpoint, table) => [...SCAN, '--table-name', table, '--endpoint-url', endpoint];

export const scan = ({ node, runs = 5 }) =>
  inFolder((folder) =>
    withProduct(['operations/stats/stats'], async (product) => {
      const hasCli = spawnSync('aws', ['--version'], { env: bareEnvironment(folder), stdio: 'ignore' }).status === 0;
      const names = ['stats', 'bare scan in 8 segments', 'bare scan, same pages'];
      const cases = {
        ...jobs(names, { node, product }),
        [OURS]: wholeProcess(folder, node, statsArgs),
        ...(hasCli && { [THEIRS]: wholeProcess(folder, 'aws', scanArgs) }),
      };
      const results = await turns(cases, { runs, rows: ROWS, bytes: ROW_BYTES, deletes: false });
      return [
        against('stats', 'bare scan in 8 segments', 1 / 0.85, results),
        against('stats', 'bare scan, same pages', undefined, results),
        ...(hasCli
          ? [against(OURS, THEIRS, 1 / 4, results), alone(THEIRS, results)]
          : [{ ...alone(OURS, results), note: 'no AWS CLI here to measure against' }]),
        alone('bare scan in 8 segments', results),
        alone('bare scan, same pages', results),
        capacity('stats', 'readUnits', results),
      ];
    }),
  );
