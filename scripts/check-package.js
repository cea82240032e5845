// Checks what npm would publish: its files, its size, how it resolves, and that it works where it is installed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMIT_BYTES = 3_000_000;

/** Everything that is published; a new kind of file has to be let in here. */
const NEEDED = [
  /^(?:package\.json|README\.md|LICENSE)$/,
  /^man\/mcp-sessions\.1$/,
  /^bin\/(?:mcp-sessions\.js|package\.json)$/,
  /^dist\/THIRD-PARTY-LICENSES\.txt$/,
  /^dist\/cli\/(?:package\.json|(?:rare\/(?:chunks\/)?)?[\w-]+\.js)$/,
  /^dist\/(?:index|schema\/index|testing\/(?:index|vitest)|chunks\/[\w-]+)\.js$/,
  /^dist\/(?:[\w-]+\/)*[\w-]+\.d\.ts$/,
];

const CONSUMER = `import { CliError, planSetup, startEngine } from 'mcp-sessions';
import { detectLayout, type Layout, LAYOUTS } from 'mcp-sessions/schema';
import globalSetup, { startTestTables, type TestTables } from 'mcp-sessions/testing';

const ids: readonly string[] = LAYOUTS.map(({ id }: Layout) => id);
export const all = [ids, CliError, planSetup, startEngine, detectLayout, globalSetup];
export const start = (): Promise<TestTables> => startTestTables({ layout: 'mcp', sessions: 2 });
`;

const CONSUMER_OPTIONS = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    target: 'ES2023',
    lib: ['ES2023'],
    types: ['node'],
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
  },
  files: ['consumer.ts'],
};

const problems = [];
const run = (program, args, options = {}) => execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', ...options });
const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

function check(what, look) {
  try {
    console.log(
      `ok  ${what}${[look()]
        .flat()
        .filter(Boolean)
        .map((note) => `: ${note}`)
        .join('')}`,
    );
  } catch (error) {
    const text = [error.stdout, error.stderr].filter(Boolean).join('\n') || error.message;
    problems.push(what);
    console.error(`!!  ${what}\n${text}`);
  }
}

function checkFiles({ files, unpackedSize }) {
  const names = files.map((file) => file.path);
  const extra = names.filter((name) => !NEEDED.some((pattern) => pattern.test(name)));
  const missing = NEEDED.filter((pattern) => !names.some((name) => pattern.test(name)));
  if (extra.length > 0) throw new Error(`not needed: ${extra.join(', ')}`);
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  if (unpackedSize >= LIMIT_BYTES) throw new Error(`${unpackedSize} bytes, the limit is ${LIMIT_BYTES}`);
  return `${names.length} files, ${(unpackedSize / 1e6).toFixed(2)} MB unpacked`;
}

/** Installs the tarball as a user would, without the engine: its size is not ours, and not all registries have it. */
function install(tarball, folder) {
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  const flags = [
    '--prefer-offline',
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  run('npm', ['install', ...flags, tarball], { cwd: folder });
}

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-sessions-package-'));
try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder]));
  const tarball = path.join(folder, packed.filename);
  check('files', () => checkFiles(packed));

  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
  });
  check('publint', () => {
    if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'));
  });
  check('attw', () => void run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color']));

  const consumer = path.join(folder, 'consumer');
  mkdirSync(consumer);
  check('install', () => install(tarball, consumer));
  const installed = path.join(consumer, 'node_modules', 'mcp-sessions');
  check('size', () => {
    const bytes = sizeOf(installed);
    if (bytes >= LIMIT_BYTES) throw new Error(`${bytes} bytes installed, the limit is ${LIMIT_BYTES}`);
    return `${(bytes / 1e6).toFixed(2)} MB installed`;
  });
  check('command', () => {
    const said = run(path.join(consumer, 'node_modules', '.bin', 'mcp-sessions'), ['--version'], {
      cwd: consumer,
    }).trim();
    if (said !== version) throw new Error(`--version says '${said}', the package is ${version}`);
    return said;
  });
  check('library', () => {
    const code = `const [schema, all] = await Promise.all([import('mcp-sessions/schema'), import('mcp-sessions')]);
      console.log(schema.LAYOUTS.length, typeof all.planSetup, typeof all.startEngine);`;
    const said = run(process.execPath, ['--input-type=module', '--eval', code], { cwd: consumer }).trim();
    if (!/^\d+ function function$/.test(said)) throw new Error(`the imports say '${said}'`);
  });
  check('types', () => {
    writeFileSync(path.join(consumer, 'consumer.ts'), CONSUMER);
    writeFileSync(path.join(consumer, 'tsconfig.json'), JSON.stringify(CONSUMER_OPTIONS));
    run(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', consumer]);
  });
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
if (problems.length > 0) process.exitCode = 1;
