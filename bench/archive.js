// The portable archive: written and put back, against a bare client that scans and compresses alike and writes what it has
// in memory; and the whole command against a boto3 script.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RESTORED } from './jobs-archive.js';
import { COMMAND, inFolder, timeWhole } from './measure.js';
import { withProduct } from './product.js';
import { createTable } from './rows.js';
import { against, alone, capacity, jobs, turns } from './turns.js';

const FILES = ['archive/archive', 'restore/plan', 'restore/from-archive'].map((name) => `operations/${name}`);
const ROWS = 100_000;
const ROW_BYTES = 600;
const SCRIPT = fileURLToPath(new URL('boto3-script.py', import.meta.url));
const SEGMENTS = 'bare scan and gzip in 8 segments';
const PAGES = 'bare scan and gzip, same pages';
const WRITES = 'bare writes';
const BACKUP = 'mcp-sessions backup';
const DUMP = 'boto3 scan to a file';
const RESTORE = 'mcp-sessions restore';
const LOAD = 'boto3 batch_writer from a file';

/** Cases that make a table, which the next one has to be without. */
const dropping = (measure) => async (place) => {
  const figures = await measure(place);
  await place.post('DeleteTable', { TableName: RESTORED });
  return figures;
};

const inOwnFolder = (use) => (place) => inFolder((folder) => ({ ms: use(place, folder), count: ROWS }));

/** Whole commands, and scripts that do the same. What is to be put back is kept first, outside the time. */
function wholeCases(node, python) {
  const keep = ({ endpoint, table }, folder) => {
    const place = ['--layout', 'mcp', '--sessions-table', table, '--endpoint-url', endpoint];
    return timeWhole(node, [COMMAND, 'backup', 'create', '--to', 'kept', '--no-events', ...place], folder);
  };
  const putBack = (place, folder) => {
    keep(place, folder);
    const options = ['--to-table', RESTORED, '--no-events', '--yes', '--endpoint-url', place.endpoint];
    return timeWhole(node, [COMMAND, 'restore', 'kept', ...options], folder);
  };
  const script = (action, { endpoint }, table, folder) =>
    timeWhole(python, [SCRIPT, action, endpoint, table, 'kept'], folder);
  const dump = (place, folder) => script('dump', place, place.table, folder);
  const load = (place, folder) => {
    dump(place, folder);
    return script('load', place, RESTORED, folder);
  };
  return {
    [BACKUP]: inOwnFolder(keep),
    [RESTORE]: dropping(inOwnFolder(putBack)),
    ...(python !== null && {
      [DUMP]: inOwnFolder(dump),
      [LOAD]: dropping(async (place) => {
        await createTable(place.post, RESTORED);
        return inOwnFolder(load)(place);
      }),
    }),
  };
}

function pythonWithBoto3() {
  const { status } = spawnSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
  return status === 0 ? 'python3' : null;
}

export const archive = ({ node, runs = 5 }) =>
  withProduct(FILES, async (product) => {
    const python = pythonWithBoto3();
    const {
      restore,
      [WRITES]: writes,
      ...readers
    } = jobs(['archive', SEGMENTS, PAGES, 'restore', WRITES], { node, product });
    const cases = { ...readers, restore: dropping(restore), [WRITES]: dropping(writes), ...wholeCases(node, python) };
    const results = await turns(cases, { runs, rows: ROWS, bytes: ROW_BYTES, deletes: false });
    const note = 'no python3 with boto3 here to measure against';
    const against4 = (ours, theirs) =>
      python === null
        ? [{ ...alone(ours, results), note }]
        : [against(ours, theirs, 1 / 4, results), alone(theirs, results)];
    return [
      against('archive', SEGMENTS, 1 / 0.85, results),
      against('archive', PAGES, undefined, results),
      against('restore', WRITES, 1 / 0.85, results),
      ...against4(BACKUP, DUMP),
      ...against4(RESTORE, LOAD),
      ...[SEGMENTS, PAGES, WRITES].map((name) => alone(name, results)),
      capacity('archive', 'readUnits', results),
      capacity('restore', 'writeUnits', results),
    ];
  });
