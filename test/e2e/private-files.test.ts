import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsDouble, startAwsDouble } from '../support/aws-double.js';
import { runCli, tempFolder } from '../support/cli.js';
import { useEngine } from '../support/engine.js';

const engine = useEngine();
let aws: AwsDouble;
beforeAll(async () => {
  aws = await startAwsDouble({ engineEndpoint: engine.endpoint });
});
afterAll(() => aws.stop());

const folder = tempFolder();
const temporary = tempFolder();

/** A secret of the environment, which no command has any business to write down. */
const SECRET = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCY';

/** Everything below a folder: its path, with a slash for folders, and its mode. */
function modesIn(root: string): ReadonlyMap<string, string> {
  const modes = new Map<string, string>();
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const stats = lstatSync(path.join(root, name));
    modes.set(stats.isDirectory() ? `${name}/` : name, (stats.mode & 0o777).toString(8));
  }
  return modes;
}

const cli = async (argv: readonly string[], codes: readonly number[] = [0]): Promise<void> => {
  const env = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: SECRET,
    MCP_SESSIONS_PASSPHRASE: undefined,
    TMPDIR: temporary,
  };
  const { code, stdout, stderr } = await runCli(argv, { cwd: folder, env });
  expect({ argv, code: codes.includes(code ?? -1) ? 0 : code, text: codes.includes(code ?? -1) ? '' : stderr }).toEqual(
    {
      argv,
      code: 0,
      text: '',
    },
  );
  expect(stdout + stderr).not.toContain(SECRET);
};

/** Where a umask takes nothing away, a file is as private as the command made it. */
async function withoutUmask(work: () => Promise<void>): Promise<void> {
  const before = process.umask(0);
  try {
    await work();
  } finally {
    process.umask(before);
  }
}

describe('what the built command writes', () => {
  it('is for its owner alone, whatever the umask', async () => {
    const on = ['--endpoint-url', aws.endpoint, '--layout', 'mcp'];
    await withoutUmask(async () => {
      await cli(['setup', '--local', '--yes']);
      await cli(['seed', '--local', '--count', '30']);
      await cli(['backup', '--local']);
      await cli(['backup', '--local', '--to', 'archive']);
      await cli(['backup', 'verify', 'archive']);
      await cli(['restore', 'archive', '--local', '--to-table', 'copy', '--yes']);
      await cli(['purge', '--local', '--expired', '--yes']);
      await cli(['purge', '--local', '--expired', '--dry-run', '--checkpoint', 'checks']);
      await cli(['setup', '--yes', ...on]);
      await cli(['seed', '--yes', '--count', '5', ...on]);
      await cli(['backup', ...on]);
      await cli(['teardown', '--clear-data', '--recreate', '--yes', ...on]);
      // Left half-way: plan, progress and states stay.
      aws.inject({ operation: 'DeleteItem', error: { name: 'ValidationException', message: 'no' } });
      await cli(['seed', '--yes', '--count', '5', '--expired', '1', ...on]);
      await cli(['purge', '--expired', '--yes', ...on], [5]);
      aws.inject({ operation: 'UpdateTimeToLive', error: { name: 'ValidationException', message: 'no' } });
      await cli(['restore', 'archive', '--to-table', 'half', '--yes', ...on], [1, 5]);
      aws.inject({ operation: 'CreateTable', error: { name: 'AccessDeniedException', message: 'no' } });
      await cli(['teardown', '--clear-data', '--recreate', '--yes', ...on], [1, 5]);
    });
    const modes = new Map([...modesIn(folder), ...modesIn(temporary)]);
    const files = [...modes.keys()];
    for (const part of [
      /^\.mcp-sessions\/local\.db$/,
      /^archive\/.*\.json\.gz$/,
      /^\.mcp-sessions\/backups\/.*\.json$/,
    ])
      expect(files.filter((file) => part.test(file))).not.toEqual([]);
    expect(files.filter((file) => /plan|purge/.test(file))).not.toEqual([]);
    const wrong = [...modes].filter(([file, mode]) => mode !== (file.endsWith('/') ? '700' : '600'));
    expect(wrong).toEqual([]);
  }, 60_000);

  it('holds nothing of the environment', () => {
    for (const root of [folder, temporary])
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        const file = path.join(root, name);
        if (!lstatSync(file).isFile()) continue;
        expect({ file, holds: readFileSync(file).includes(SECRET) }).toEqual({ file, holds: false });
      }
  });
});
