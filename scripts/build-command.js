// The command is CommonJS, because it starts faster: no ES module loader, and no facades of Node's own modules (which
// load all of `fetch` for whoever imports node:http). esbuild splits ES modules only, so it splits first; each chunk is
// then rewritten by itself, and the chunks are packed into a few files, which src/start.ts loads.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { build, transform } from 'esbuild';
import { bundleOptions } from './build-options.js';

const IMPORT_META_URL = '__importMetaUrl';
const RARE = 'rare:';

/** Bundles the command and the engine's supervisor. Answers the files that went in. */
export async function buildCommand(root, folder) {
  const rare = new Map();
  const command = await build({
    ...commandOptions(root),
    entryPoints: { main: 'src/main.ts' },
    outdir: folder,
    plugins: [withoutUnused, setRareApart(rare)],
  });
  const packs = await writePacks(command, { root, folder });
  const single = { ...commandOptions(root), splitting: false, format: 'cjs', minify: true, write: true };
  const others = await Promise.all([
    build({
      ...single,
      entryPoints: { start: 'src/start.ts' },
      outdir: folder,
      define: { PACKS: JSON.stringify(packs) },
    }),
    build({
      ...single,
      entryPoints: { supervisor: 'src/local/supervisor-main.ts' },
      outdir: folder,
      banner: { js: IMPORT_META_URL_BANNER },
    }),
    buildRare(rare, { root, folder }),
  ]);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  return [command, ...others].flatMap(({ metafile }) => Object.keys(metafile.inputs));
}

const IMPORT_META_URL_BANNER = `const ${IMPORT_META_URL}=require("node:url").pathToFileURL(__filename).href;`;

const commandOptions = (root) => ({
  ...bundleOptions(root),
  define: { 'import.meta.url': IMPORT_META_URL },
  write: false,
});

/** Writes the chunks of the command, a few to a file. Answers the file of each chunk. */
async function writePacks({ metafile, outputFiles }, { root, folder }) {
  const chunks = new Map();
  for (const { path: file, text } of outputFiles) {
    const [, { imports, entryPoint }] = Object.entries(metafile.outputs).find(
      ([output]) => path.resolve(root, output) === file,
    );
    const own = imports.filter(({ external }) => external !== true);
    let code = await toCommonJs(text, imports, { file, root, folder });
    for (const { path: name } of own)
      code = code.replaceAll(
        `require("${relative(file, path.resolve(root, name))}")`,
        `__load("${path.basename(name)}")`,
      );
    // The rest are real imports (a user's configuration file): a script has none of its own.
    code = code.replaceAll(/(?<![.\w$])import\(/g, '__import(');
    const statics = own.filter(({ kind }) => kind === 'import-statement').map((each) => path.basename(each.path));
    chunks.set(path.basename(file), { code, entryPoint, statics });
  }
  const files = groups(chunks).map(([name, members]) => [members, writePack(name, members, chunks, folder)]);
  return Object.fromEntries(files.flatMap(([members, file]) => members.map((chunk) => [chunk, file])));
}

async function buildRare(rare, { root, folder }) {
  const result = await build({
    ...commandOptions(root),
    entryPoints: Object.fromEntries([...rare].map(([file, name]) => [name, file])),
    outdir: path.join(folder, 'rare'),
  });
  for (const { path: file, text } of result.outputFiles) {
    const [, { imports }] = Object.entries(result.metafile.outputs).find(
      ([output]) => path.resolve(root, output) === file,
    );
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, await toCommonJs(text, imports, { file, root, folder }));
  }
  return result;
}

async function toCommonJs(text, imports, { file, root, folder }) {
  let code = text;
  for (const each of imports) {
    const [name, target] = lazyImport(each, file, { root, folder });
    if (name !== undefined)
      code = code.replaceAll(`import("${name}")`, `Promise.resolve().then(()=>require("${target}"))`);
  }
  ({ code } = await transform(code, { format: 'cjs', platform: 'node', target: 'node20.19', minify: true }));
  return code.includes(IMPORT_META_URL) ? IMPORT_META_URL_BANNER + code : code;
}

/** What an `import()` names, and what a require() is to name in its place; nothing where it stays an import. */
function lazyImport({ kind, external, path: name }, file, { root, folder }) {
  if (kind !== 'dynamic-import') return [];
  // From the folder: all packs are in it.
  if (name.startsWith(RARE))
    return [name, relative(path.join(folder, 'main.js'), path.join(folder, 'rare', `${name.slice(RARE.length)}.js`))];
  // A user's configuration file may be an ES module.
  if (external === true) return isBuiltin(name) ? [name, name] : [];
  const way = relative(file, path.resolve(root, name));
  return [way, way];
}

function relative(from, to) {
  const way = path.relative(path.dirname(from), to).replaceAll(path.sep, '/');
  return way.startsWith('.') ? way : `./${way}`;
}

/** Chunks that are loaded together: those of help and completion, those of all commands that connect, and each of the others alone. */
function groups(chunks) {
  const taken = new Set();
  const take = (names) => {
    const group = [];
    const visit = (name) => {
      if (taken.has(name)) return;
      taken.add(name);
      group.push(name);
      for (const next of chunks.get(name).statics) visit(next);
    };
    for (const name of names) visit(name);
    return group;
  };
  const enteredAt = (isMeant) =>
    [...chunks].filter(([, { entryPoint = '' }]) => isMeant(entryPoint)).map(([name]) => name);
  const main = take(['main.js', ...enteredAt((entry) => entry === COMPLETION)]);
  const work = take(enteredAt((entry) => WORK.test(entry)));
  const others = [...chunks.keys()].filter((name) => !taken.has(name));
  return [['main', main], ['work', work], ...others.map((name) => [nameOf(name), [name]])];
}

const WORK = /^src\/(?:commands|operations|config\/settings|output\/render)/;
/** What a shell asks for while a line is typed: as quick as help. */
const COMPLETION = 'src/commands/completion/complete.ts';

const nameOf = (chunk) => chunk.replace(/(?:-[0-9A-Z]{8})?\.js$/, '');

/** A script that answers its chunks. It is named after its content, as is the compiled code that src/start.ts keeps of it. */
function writePack(name, members, chunks, folder) {
  const factories = members.map(
    (chunk) => `${JSON.stringify(chunk)}(module,exports,__load,require,__import,__filename){${chunks.get(chunk).code}}`,
  );
  const text = `({${factories.join(',\n')}})`;
  const file = `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.js`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, file), text);
  return file;
}

/**
 * What the SDK loads when it needs it (single sign-on, roles, event streams) is bundled for itself. Else the chunks that
 * every command loads would hold the files that both need with all that only those rare parts use of them.
 */
const setRareApart = (rare) => ({
  name: 'rare parts apart',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /.*/ }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
      const isRare = /node_modules[/\\]@(?:aws-sdk|smithy)[/\\]/.test(importer) || name === './sts.js';
      if (kind !== 'dynamic-import' || !isRare || isBuiltin(name) || pluginData === RARE) return undefined;
      const found = await resolve(name, { kind, importer, resolveDir, pluginData: RARE });
      if (!rare.has(found.path)) rare.set(found.path, `${path.parse(name).name.replace(/\W/g, '-')}-${rare.size}`);
      return { path: `${RARE}${rare.get(found.path)}`, external: true };
    });
  },
});

const LEFT_OUT = {
  // For subcommands that are programs of their own; ours are not.
  commander: /^node:child_process$/,
  // Whether there is colour is decided elsewhere.
  chalk: /^#supports-color$/,
};

/** Leaves out what bundled packages load at their start and never use here: 3 ms each. */
const withoutUnused = {
  name: 'without unused modules',
  setup({ onResolve, onLoad }) {
    for (const [name, filter] of Object.entries(LEFT_OUT))
      onResolve({ filter }, ({ importer, path: left }) =>
        importer.includes(path.join('node_modules', name)) ? { path: left, namespace: 'left-out' } : undefined,
      );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default {};', loader: 'js' }));
  },
};
