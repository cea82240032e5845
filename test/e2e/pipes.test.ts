import { execFile } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { bareEnvironment, COMMAND, runCli, tempFolder, testNode } from '../support/cli.js';

const folder = tempFolder();

/** Runs a line of bash in which `cli` is the command. */
const bash = (line: string): Promise<{ stdout: string; stderr: string; code: number }> =>
  new Promise((resolve) => {
    const script = `cli() { "$CLI_NODE" "$CLI_COMMAND" "$@"; }\n${line}`;
    const env = bareEnvironment(folder, { CLI_NODE: testNode(), CLI_COMMAND: COMMAND });
    execFile('bash', ['-c', script], { cwd: folder, env, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: typeof error?.code === 'number' ? error.code : 0 });
    });
  });

describe.skipIf(process.platform === 'win32')('in a pipe', () => {
  beforeAll(async () => {
    await runCli(['setup', '--local', '--yes', '-q'], { cwd: folder });
    await runCli(['seed', '--local', '--count', '2000', '--events', '0', '-q'], { cwd: folder });
  });

  it('ends quietly when the reader of its result goes', async () => {
    const { stdout, stderr } = await bash(
      'cli list --local --all -o ndjson | head -n 1 | wc -l; echo "code ${PIPESTATUS[0]}" >&2',
    );
    expect([stdout.trim(), stderr]).toEqual(['1', 'code 0\n']);
  });

  it.skipIf(process.platform !== 'linux')('says in a line that its result cannot be written', async () => {
    const { stderr, code } = await bash('cli layouts list >/dev/full');
    expect(stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\n$/);
    expect(code).toBe(1);
  });

  it('writes all of a table as it is read: the reader of the first need not wait for the last', async () => {
    // At a unit a second the whole table would take minutes.
    for (const format of ['ndjson', 'csv']) {
      const { stdout, stderr } = await bash(
        `cli list --local --all -o ${format} --max-rcu 1 | head -n 2 | wc -l; echo "code \${PIPESTATUS[0]}" >&2`,
      );
      expect([stdout.trim(), stderr]).toEqual(['2', 'code 0\n']);
    }
  });

  it('ends with 130 when it is interrupted in the middle, after whole lines', async () => {
    const { stdout, stderr } = await bash(
      [
        '"$CLI_NODE" "$CLI_COMMAND" list --local --all -o ndjson --max-rcu 2 >part.ndjson &',
        'until [ -s part.ndjson ]; do sleep 0.05; done; kill -INT $!; wait $!; echo $?; cat part.ndjson',
      ].join('\n'),
    );
    const [code, ...lines] = stdout.trimEnd().split('\n');
    expect(code).toBe('130');
    expect(JSON.parse(stderr).error.code).toBe('INTERRUPTED');
    expect(lines.map((line) => JSON.parse(line).state).length).toBeGreaterThan(0);
  });

  it('finishes its work when nobody follows the progress any more', async () => {
    const { stdout } = await bash(
      '{ cli setup --local=other.db --yes --verbose --json 2>&1 >result.json; echo $? >code; } | true; cat code result.json',
    );
    const [code, ...json] = stdout.split('\n');
    expect(code).toBe('0');
    expect(JSON.parse(json.join('\n'))).toMatchObject({
      applied: true,
      tables: [{ action: 'create' }, { action: 'create' }],
    });
    expect((await runCli(['setup', '--local=other.db', '--check', '-q'], { cwd: folder })).code).toBe(0);
  });

  it('works with closed streams', async () => {
    expect((await bash('cli list --local --json <&- | head -c 1')).stdout).toBe('{');
    expect(await bash('cli list --local --json 2>&- >/dev/null')).toMatchObject({ code: 0 });
    expect(await bash('cli status --local -q >&-')).toMatchObject({ code: 0 });
    expect(await bash('cli setup --local=third.db <&-')).toMatchObject({ code: 4, stdout: '' });
  });
});
