import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { useEngine } from '../support/engine.js';
import { processesNaming, until } from '../support/engines.js';
import { type Action, GitHubJob, machine, type Step } from '../support/jobs.js';
import { dropTables } from '../support/mcp-tables.js';
import { startMoto } from '../support/moto.js';
import { blocksOf, ROOT, textOf } from './markdown.js';

const engine = useEngine();

beforeEach(() => dropTables(engine));

const ci = textOf('docs/ci.md');

function example(language: string, mark: string): string {
  const [block] = blocksOf(ci, language, mark);
  if (block === undefined) throw new Error(`docs/ci.md has no example ${mark}`);
  return block;
}

const tables = async (): Promise<readonly string[]> =>
  ((await engine.raw.call('ListTables')).TableNames ?? []).toSorted();

/** An engine stands in for AWS: the variable leads there whatever has no endpoint of its own. */
const aws = (): Record<string, string> => ({ AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint });

const action: Action = parse(textOf('action.yml'));

/** What GitHub does at the end of a job: it ends what the steps have left running. */
const endJob = async ({ temp }: GitHubJob): Promise<void> => {
  let pid: number;
  try {
    ({ pid } = JSON.parse(readFileSync(path.join(temp, 'mcp-sessions-engine.json'), 'utf8')));
  } catch {
    return;
  }
  process.kill(pid, 'SIGKILL');
  await until(() => processesNaming(temp).length === 0, 'nothing of the job is left');
};

const stepsOf = (mark: string): readonly Step[] => parse(example('yaml', mark)).jobs.test.steps;

const scriptOf = (lines: readonly string[]): string => lines.join('\n');

describe('action.yml', () => {
  const jobs: GitHubJob[] = [];
  const newJob = (env: Readonly<Record<string, string>> = {}, test?: string): GitHubJob => {
    const job = new GitHubJob(machine(test), ROOT, env);
    jobs.push(job);
    return job;
  };

  afterEach(async () => {
    await Promise.all(jobs.splice(0).map(endJob));
  });

  const check = 'mcp-sessions status --check --json > app.json';

  it('is a composite action, each step of which says its shell', () => {
    expect(action.runs.using).toBe('composite');
    for (const step of action.runs.steps) expect(step.shell).toBe('bash');
    for (const { description } of [...Object.values(action.inputs), ...Object.values(action.outputs)])
      expect(description).toMatch(/\S/);
  });

  it('starts an engine for the job, and tells the steps after it where the tables are', async () => {
    const job = newJob({ AWS_SESSION_TOKEN: 'real' });
    const outputs = await job.act({ layout: 'turul', suffix: 'pr-1' });
    expect(job.said.map(({ code, stderr }) => [code, stderr])).toEqual(job.said.map(() => [0, '']));
    expect(outputs).toEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: 'us-east-1',
      layout: 'turul',
      'sessions-table': 'mcp-sessions-pr-1',
      'events-table': 'mcp-sessions-events-pr-1',
    });
    expect(job.env).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: outputs['endpoint'],
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SESSION_TOKEN: '',
      MCP_SESSION_TABLE: 'mcp-sessions-pr-1',
      MCP_SESSION_EVENT_TABLE: 'mcp-sessions-events-pr-1',
    });
    await job.run([{ run: check }]);
    expect(JSON.parse(job.machine.textOf('app.json'))).toMatchObject({ layout: 'turul', inSync: true });
    const version: string = JSON.parse(textOf('package.json')).version;
    expect(job.machine.textOf('npm.log')).toContain(`--loglevel=error mcp-sessions@${version}\n`);
  });

  it('installs the version, tag or tarball that is asked for', async () => {
    for (const [version, installed] of [
      ['next', 'mcp-sessions@next'],
      ['./packed/mcp-sessions-0.1.0.tgz', './packed/mcp-sessions-0.1.0.tgz'],
    ]) {
      const job = newJob(aws());
      await job.act({ version, local: 'false' });
      expect(job.machine.textOf('npm.log')).toMatch(new RegExp(`=error ${installed?.replaceAll('.', '\\.')}\n$`));
    }
  });

  it('uses an endpoint that runs already, and passes on all that it is given', async () => {
    const job = newJob();
    const { endpoint } = engine;
    const given = {
      'endpoint-url': endpoint,
      region: 'eu-west-1',
      suffix: 'x',
      args: '--tag Team=agents --no-streams',
    };
    expect(await job.act(given)).toMatchObject({ endpoint, region: 'eu-west-1', 'sessions-table': 'mcp-sessions-x' });
    expect(job.env).toMatchObject({ AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_REGION: 'eu-west-1' });
    const { Table } = await engine.raw.call('DescribeTable', { TableName: 'mcp-sessions-x' });
    expect(Table?.StreamSpecification).toBeUndefined();
    expect(processesNaming(job.temp)).toEqual([]);
  });

  it('fails the job with the reason where the tables cannot be set up', async () => {
    const job = newJob(aws());
    await job.act({ local: false, layout: 'django' });
    expect(job.failed).toBe(true);
    expect(JSON.parse(job.said.at(-1)?.stderr ?? '').error.code).toBe('LAYOUT_UNKNOWN');
  });

  it('fails the job with the reason where there is no engine', async () => {
    const job = newJob({ MCP_SESSIONS_ENGINE: '/no/such/engine' });
    await job.act({});
    expect(job.failed).toBe(true);
    expect(job.said.at(-1)?.stderr).toContain('ENGINE_NOT_FOUND');
  });

  it('docs/ci.md: a job with an engine', async () => {
    const job = newJob();
    await job.run(stepsOf('github'));
    expect(job).toMatchObject({ failed: false });
    expect(JSON.parse(job.machine.textOf('app.json'))).toMatchObject({ inSync: true });
  });

  it.each([
    ['succeed', check, false],
    ['fail', `${check}; exit 1`, true],
  ])('docs/ci.md: a job on AWS, whose tables are gone where its tests %s', async (_, test, failed) => {
    const job = newJob({ ...aws(), AWS_REGION: 'eu-west-1' }, test);
    await job.run(stepsOf('github-aws'));
    expect(job.failed).toBe(failed);
    const { tables: seen } = JSON.parse(job.machine.textOf('app.json'));
    expect(seen[0]).toMatchObject({ name: expect.stringMatching(/^mcp-sessions-ci-\d{8}-7-1$/), exists: true });
    expect(job.said.at(-1)?.stdout).toContain('deleted');
    expect(await tables()).toEqual([]);
  });

  it('docs/ci.md: a job with a service', async () => {
    const job = newJob();
    await job.run(
      JSON.parse(JSON.stringify(stepsOf('github-service')).replace('http://localhost:8000', engine.endpoint)),
    );
    expect(job.failed).toBe(false);
    expect(JSON.parse(job.machine.textOf('app.json'))).toMatchObject({ endpoint: engine.endpoint, inSync: true });
  });

  it('docs/ci.md: names the version that there is', () => {
    const { version } = JSON.parse(textOf('package.json'));
    const used = [...ci.matchAll(/OWNER\/mcp-sessions@v(\S+)/g)].map(([, each]) => each);
    expect(used).toEqual([version, version, version]);
  });
});

describe('docs/ci.md: GitLab', () => {
  const jobs = parse(example('yaml', 'gitlab'));

  it('an engine for the tests', async () => {
    const on = machine();
    expect(await on.bash(scriptOf(jobs.test.script), {})).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(on.textOf('app.json'))).toMatchObject({ inSync: true });
  });

  it('tables on AWS, gone afterwards', async () => {
    const on = machine();
    const job = jobs['test-on-aws'];
    const env: Record<string, string> = { ...aws(), CI_JOB_ID: '7', CI_PROJECT_DIR: on.folder, AWS_TOKEN: 'token' };
    for (const [name, value] of Object.entries<string>(job.variables))
      env[name] = value.replaceAll(/\$(\w+)/g, (_, other: string) => env[other] ?? '');
    expect(await on.bash(scriptOf([...job.before_script, ...job.script]), env)).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(on.textOf('app.json')).tables).toMatchObject([
      { name: 'mcp-sessions-ci-7', exists: true },
      { name: 'mcp-session-events-ci-7', exists: true },
    ]);
    expect(readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')).toBe('token');
    expect(await on.bash(scriptOf(job.after_script), env)).toMatchObject({ code: 0 });
    expect(await tables()).toEqual([]);
  });
});

describe('docs/ci.md: shells', () => {
  it('one command, and its exit code', async () => {
    expect(await machine().bash(example('sh', 'exec'), {})).toMatchObject({ code: 0, stderr: '' });
    expect((await machine('exit 7').bash(example('sh', 'exec'), {})).code).toBe(7);
  });

  it.each([
    ['succeed', '', 0],
    ['fail', '; exit 7', 7],
  ])('a plain shell takes its tables away where its tests %s', async (_, after, code) => {
    const on = machine(`mcp-sessions status --json > app.json${after}`);
    const env = { ...aws(), AWS_REGION: 'eu-west-1', BUILD_TAG: 'jenkins-main-7' };
    expect(await on.bash(example('sh', 'shell'), env)).toMatchObject({ code, stderr: '' });
    const [{ name }] = JSON.parse(on.textOf('app.json')).tables;
    expect(name).toMatch(/^mcp-sessions-ci-\d{8}-jenkins-main-7$/);
    expect(await tables()).toEqual([]);
  });

  it('any endpoint', async ({ skip }) => {
    const moto = await startMoto();
    try {
      for (const endpoint of [engine.endpoint, moto?.endpoint]) {
        if (endpoint === undefined) continue;
        const script = example('sh', 'endpoint').replace('http://localhost:8000', endpoint);
        expect(await machine().bash(script, { BUILD_NUMBER: '7' })).toMatchObject({ code: 0 });
      }
      expect(await tables()).toEqual([]);
    } finally {
      await moto?.stop();
    }
    if (moto === null) skip('there is no moto');
  });

  it('cron: no home, no terminal, no stdin, and the environment of the crontab', async () => {
    const lines = example('crontab', 'cron').trim().split('\n');
    const job = lines.find((line) => /^\S+ \S+ \S+ \S+ \S+ /.test(line) && !/^\w+=/.test(line)) ?? '';
    const variables = Object.fromEntries(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split('=')));
    const command = job.split(' ').slice(5).join(' ');
    const on = machine();
    const { PATH, ...others } = variables;
    const env = { ...aws(), ...others, PATH: `${on.installed}:${PATH}`, HOME: undefined, LANG: undefined };
    const script = command.replace('/var/lib/sessions', on.folder);
    const failed = await on.bash(`exec <&-; ${script}`, env);
    expect(failed).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(JSON.parse(on.textOf('purge.log')).error.code).toBe('TABLE_NOT_FOUND');
    await on.bash('mcp-sessions setup --yes --json && mcp-sessions seed --expired 0.5 --yes --json', env);
    expect(await on.bash(`: > purge.log; exec <&-; ${script}`, env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(on.textOf('purge.log'))).toMatchObject({ deleted: 5, resume: null });
  });

  it('what killed runs have left, and nothing else', async ({ skip }) => {
    const on = machine();
    const env = { ...aws(), AWS_DEFAULT_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const home = process.env['HOME'];
    if ((await on.bash('aws --version && date -u -d yesterday', { HOME: home })).code !== 0)
      return skip('there is no AWS CLI, or no GNU date');
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    for (const suffix of ['ci-20261101-7', `ci-${today}-8`, 'ci-main', 'staging'])
      expect((await on.bash(`npx mcp-sessions setup --yes --json --suffix ${suffix}`, env)).code).toBe(0);
    expect((await on.bash('npx mcp-sessions setup --yes --json', env)).code).toBe(0);
    const before = await tables();
    expect(await on.bash(example('sh', 'sweep'), { ...env, HOME: home })).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(before.filter((name) => !name.includes('20261101')));
    expect(before.length - (await tables()).length).toBe(2);
  });
});
