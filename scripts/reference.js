// Writes the reference of commands and flags into README, and the manual page, from the same declarations that the command
// parses by. --check writes nothing and fails when one of them is stale.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { manPageOf } from './man-page.js';
import { referenceOf } from './reference-text.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = path.join(ROOT, 'README.md');
const MAN_PAGE = path.join(ROOT, 'man', 'mcp-sessions.1');
const PLACE = /(<!-- reference -->\n)[^]*?(<!-- \/reference -->)/;

const SOURCES = `
export { buildProgram } from './src/program.js';
export { COMMANDS } from './src/commands/index.js';`;

/** The IAM actions that a command declares. */
function needsOf(definitions, [word, ...rest]) {
  const found = definitions.find(({ name }) => name === word);
  return rest.length > 0 ? needsOf(found.subcommands, rest) : (found.needs ?? []);
}

/** The command tree of the sources, and their definitions; nothing is run by it. */
async function loadSources() {
  const folder = path.join(ROOT, 'node_modules', '.cache', `mcp-sessions-reference-${process.pid}`);
  try {
    await build({
      absWorkingDir: ROOT,
      stdin: { contents: SOURCES, resolveDir: ROOT, sourcefile: 'sources.ts' },
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
    const { buildProgram, COMMANDS } = await import(pathToFileURL(path.join(folder, 'stdin.mjs')).href);
    return { program: buildProgram({ act: async () => {} }), definitions: COMMANDS };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const readOr = (file, otherwise) => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
};

const readme = readFileSync(README, 'utf8');
if (!PLACE.test(readme))
  throw new Error('README.md has no place for the reference: <!-- reference --> … <!-- /reference -->');
const { program, definitions } = await loadSources();
const reference = referenceOf(program, (name) => needsOf(definitions, name.split(' ')));
const written = [
  { file: README, text: readme.replace(PLACE, (_, start, end) => `${start}\n${reference}\n${end}`) },
  { file: MAN_PAGE, text: manPageOf(program, { definitions, readme }) },
];
for (const { file, text } of written) {
  if (!process.argv.includes('--check')) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (readOr(file, '') !== text) {
    console.error(`${path.relative(ROOT, file)} is stale: run \`npm run reference\`.`);
    process.exitCode = 1;
  }
}
