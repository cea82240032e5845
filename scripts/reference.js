// Writes the reference of commands and flags into README, from the same declarations that the command parses by.
// --check writes nothing and fails when README is stale.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { referenceOf } from './reference-text.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = path.join(ROOT, 'README.md');
const PLACE = /(<!-- reference -->\n)[^]*?(<!-- \/reference -->)/;

/** The IAM actions that a command declares. */
function needsOf(definitions, [word, ...rest]) {
  const found = definitions.find(({ name }) => name === word);
  return rest.length > 0 ? needsOf(found.subcommands, rest) : (found.needs ?? []);
}

/** The command tree of the sources, and what its commands need; nothing is run by it. */
async function loadProgram() {
  const folder = path.join(ROOT, 'node_modules', '.cache', `mcp-sessions-reference-${process.pid}`);
  try {
    await build({
      absWorkingDir: ROOT,
      entryPoints: { program: 'src/program.ts', commands: 'src/commands/index.ts' },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'error',
    });
    const load = (name) => import(pathToFileURL(path.join(folder, `${name}.mjs`)).href);
    const [{ buildProgram }, { COMMANDS }] = await Promise.all([load('program'), load('commands')]);
    return { program: buildProgram({ act: async () => {} }), needsOf: (name) => needsOf(COMMANDS, name.split(' ')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const text = readFileSync(README, 'utf8');
if (!PLACE.test(text))
  throw new Error('README.md has no place for the reference: <!-- reference --> … <!-- /reference -->');
const { program, needsOf: needs } = await loadProgram();
const reference = referenceOf(program, needs);
const updated = text.replace(PLACE, (_, start, end) => `${start}\n${reference}\n${end}`);
if (!process.argv.includes('--check')) writeFileSync(README, updated);
else if (updated !== text) {
  console.error('The reference in README.md is stale: run `npm run reference`.');
  process.exitCode = 1;
}
