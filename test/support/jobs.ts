import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { bareEnvironment, COMMAND, tempFolder, testNode } from './cli.js';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine of a CI service: a folder to work in, and programs that stand in for npm's, with the built command. */
export interface Machine {
  readonly folder: string;
  readonly path: string;
  /** Where the command is installed. */
  readonly installed: string;
  /** Runs a script as CI services do: `bash -eo pipefail`, nothing on stdin. Ends when all its output is closed. */
  readonly bash: (script: string, env: Variables, cwd?: string) => Promise<Ended>;
  /** The text of a file in its folder; '' when there is none. */
  readonly textOf: (file: string) => string;
}

function program(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}

/** `test` is what `npm test` does there. */
export function machine(test = 'mcp-sessions status --check --json > app.json'): Machine {
  const folder = tempFolder();
  const [bin = '', installed = ''] = ['bin', 'installed'].map((name) => path.join(folder, name));
  // Not on the PATH: npx and npm find it, and where the action has put it.
  program(path.join(installed, 'mcp-sessions'), `exec '${testNode()}' '${COMMAND}' "$@"`);
  program(path.join(bin, 'node'), `exec '${testNode()}' "$@"`);
  program(path.join(bin, 'npx'), `PATH='${installed}':$PATH exec "$@"`);
  program(
    path.join(bin, 'npm'),
    `printf '%s\\n' "$*" >> '${folder}/npm.log'
     PATH='${installed}':$PATH
     case $1 in
       test) ${test} ;;
       install) mkdir -p "$3/node_modules/.bin" && cp '${installed}/mcp-sessions' "$3/node_modules/.bin" ;;
     esac`,
  );
  const PATH = [bin, process.env['PATH'] ?? ''].join(path.delimiter);
  return {
    folder,
    path: PATH,
    installed,
    bash: (script, env, cwd = folder) => runBash(script, { PATH, ...env }, cwd),
    textOf: (file) => (existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), 'utf8') : ''),
  };
}

async function runBash(script: string, env: Variables, cwd: string): Promise<Ended> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd,
    env: bareEnvironment(cwd, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/** A step of a workflow or of a composite action. */
export interface Step {
  readonly id?: string;
  readonly if?: string | boolean;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly shell?: string;
  readonly 'working-directory'?: string;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

type Values = Readonly<Record<string, string>>;

/** `inputs.local == 'true' && always()`, of values by their paths. */
function evaluate(expression: string, values: Values): string {
  const terms = expression.split('&&').map((term): string => {
    const [, left = '', right = ''] = /^\s*(\S+) == '(.*)'\s*$/.exec(term) ?? [];
    if (left !== '') return String((values[left] ?? '') === right);
    return term.trim() === 'always()' ? 'true' : (values[term.trim()] ?? '');
  });
  return terms.find((term) => term === '' || term === 'false') ?? terms.at(-1) ?? '';
}

const filled = (text: unknown, values: Values): string =>
  String(text).replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => evaluate(expression, values));

/** `NAME=value` lines, as steps leave them. */
const assignments = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** A GitHub job: its steps share files for variables and outputs, and a step that fails skips those after it. */
export class GitHubJob {
  readonly machine: Machine;
  readonly temp: string;
  readonly #action: Action;
  readonly #folder: string;
  #env: Variables;
  failed = false;
  /** What each step said, in order. */
  readonly said: Ended[] = [];

  constructor(on: Machine, folder: string, env: Variables) {
    this.machine = on;
    this.temp = path.join(on.folder, 'runner');
    mkdirSync(this.temp);
    this.#action = parse(readFileSync(path.join(folder, 'action.yml'), 'utf8'));
    this.#folder = folder;
    this.#env = env;
  }

  /** The variables that the next step would have. */
  get env(): Variables {
    return this.#env;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.failed && !String(step.if ?? '').includes('always()')) continue;
      if (step.uses?.includes('/mcp-sessions@') === true) await this.act(step.with ?? {});
      else if (step.run !== undefined) await this.#step(step, {});
    }
  }

  /** Uses the action; answers its outputs. Throws where it has no such input. */
  async act(given: Readonly<Record<string, unknown>>): Promise<Values> {
    const { inputs, outputs, runs } = this.#action;
    const unknown = Object.keys(given).filter((name) => !(name in inputs));
    if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join()}`);
    const values: Record<string, string> = { 'github.action_path': this.#folder };
    for (const [name, { default: fallback }] of Object.entries(inputs))
      values[`inputs.${name}`] = filled(given[name] ?? fallback, { 'github.run_id': '7' });
    for (const step of runs.steps) {
      if (this.failed || (step.if !== undefined && !isTrue(evaluate(bare(step.if), values)))) continue;
      for (const [name, value] of Object.entries(await this.#step(step, values)))
        values[`steps.${step.id ?? ''}.outputs.${name}`] = value;
    }
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, filled(value, values)]));
  }

  async #step(step: Step, values: Values): Promise<Values> {
    const files = Object.fromEntries(['ENV', 'OUTPUT', 'PATH'].map((name) => [name, path.join(this.temp, name)]));
    for (const file of Object.values(files)) writeFileSync(file, '');
    const own = Object.fromEntries(
      Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value, values)]),
    );
    const env = {
      ...this.#env,
      ...own,
      RUNNER_TEMP: this.temp,
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_ENV: files['ENV'],
      GITHUB_OUTPUT: files['OUTPUT'],
      GITHUB_PATH: files['PATH'],
    };
    const cwd = path.resolve(this.machine.folder, filled(step['working-directory'] ?? '.', values));
    const ended = await this.machine.bash(filled(step.run ?? '', values), env, cwd);
    this.said.push(ended);
    this.failed ||= ended.code !== 0;
    const [added = '', outputs = '', folders = ''] = Object.values(files).map((file) => readFileSync(file, 'utf8'));
    const paths = folders.split('\n').filter((line) => line !== '');
    const PATH = [...paths, this.#env['PATH'] ?? this.machine.path].join(path.delimiter);
    this.#env = { ...this.#env, PATH, ...assignments(added) };
    return assignments(outputs);
  }
}

const isTrue = (value: string): boolean => value !== '' && value !== 'false';

const bare = (condition: string | boolean): string => String(condition).replace(/^\$\{\{(.*)\}\}$/, '$1');
