/**
 * Loads the command. The build packs its chunks into a few files, because finding and opening thirty takes longer than
 * reading them; and the compiled code is kept, because compiling it takes longer than running it. (Node's own cache,
 * `module.enableCompileCache`, is not in Node 20, and saves half of what this does in 22 and 24.)
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Script } from 'node:vm';

interface Loaded {
  readonly exports: object;
}

type Load = (chunk: string) => object;
type Import = (specifier: string) => Promise<unknown>;
type Factory = (
  own: Loaded,
  exports: object,
  load: Load,
  require: NodeJS.Require,
  importModule: Import,
  filename: string,
) => void;
type Pack = Readonly<Record<string, Factory>>;

/** Filled in by the build: the file that holds each chunk. */
declare const PACKS: Readonly<Record<string, string>>;

const ENGINE = `${process.version}-${process.arch}`;
/** The exit code of a command line that is wrong; what it says is no command. */
const USAGE = 2;

const packs = new Map<string, Pack>();
const chunks = new Map<string, Loaded>();

const importModule: Import = (specifier) => import(specifier);

const load: Load = (chunk) => {
  const known = chunks.get(chunk);
  if (known !== undefined) return known.exports;
  const own: Loaded = { exports: {} };
  chunks.set(chunk, own);
  const file = PACKS[chunk] ?? '';
  const pack = packs.get(file) ?? open(join(__dirname, file));
  packs.set(file, pack);
  pack[chunk]?.(own, own.exports, load, require, importModule, __filename);
  return own.exports;
};

function open(file: string): Pack {
  const folder = codeFolder();
  // The file is named after its content: V8 compares no more than lengths.
  const path = folder === null ? null : join(folder, `${basename(file)}-${ENGINE}`);
  const kept = path === null ? NOTHING : readKept(path);
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData: kept.code });
  const known = script.cachedDataRejected === true ? NOTHING.commands : kept.commands;
  // At the end, when the functions that the command needs are compiled.
  if (path !== null && !known.includes(COMMAND)) process.once('exit', () => keep(path, script, [...known, COMMAND]));
  const pack: Pack = script.runInThisContext();
  return pack;
}

/** Compiled code, and the commands whose functions are in it: each command adds those that it needs once. */
interface Kept {
  readonly code: Buffer | undefined;
  readonly commands: readonly string[];
}

const NOTHING: Kept = { code: undefined, commands: [] };
/** Bytes before the code, for the names of the commands; a multiple of what V8 aligns to. */
const HEADER = 256;

const COMMAND = commandOf(process.argv.slice(2));

function commandOf(words: readonly string[]): string {
  if (words.includes('--help') || words.includes('-h')) return 'help';
  return /^_*([a-z]{1,12})$/.exec(words[0] ?? '')?.[1] ?? 'other';
}

function readKept(path: string): Kept {
  try {
    const bytes = readFileSync(path);
    return { code: bytes.subarray(HEADER), commands: bytes.toString('latin1', 0, HEADER).trim().split(' ') };
  } catch {
    return NOTHING;
  }
}

function keep(path: string, script: Script, commands: readonly string[]): void {
  const header = commands.join(' ');
  // Another command may have added its functions meanwhile: they count for more than ours, which the next run adds.
  const others = readKept(path).commands.filter((other) => !commands.includes(other));
  if (header.length > HEADER || process.exitCode === USAGE) return;
  if (others.length > 0 && script.cachedDataRejected !== true) return;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, Buffer.concat([Buffer.from(header.padEnd(HEADER)), script.createCachedData()]), {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(draft, path);
    forgetEarlier(path);
  } catch {
    // A full or read-only disk: the next run starts as slowly as this one.
    rmSync(draft, { force: true });
  }
}

/** Removes what was kept of other versions of a pack. */
function forgetEarlier(file: string): void {
  const name = basename(file);
  const isOf = (other: string): boolean => other.startsWith(name.replace(/-.*$/, '-')) && other.endsWith(ENGINE);
  const folder = join(file, '..');
  for (const other of readdirSync(folder)) if (other !== name && isOf(other)) rmSync(join(folder, other));
}

/** A folder that nobody else can write code into; null where there is none. */
function codeFolder(): string | null {
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return null;
  const user = process.getuid?.();
  const folder = join(tmpdir(), `mcp-sessions-code-${user ?? 'user'}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const stat = lstatSync(folder);
    const isOurs = user === undefined || (stat.uid === user && (stat.mode & 0o022) === 0);
    return stat.isDirectory() && isOurs ? folder : null;
  } catch {
    return null;
  }
}

load('main.js');
