// The product's own code as a module that a measuring process imports, bundled as the build bundles it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/build-options.js';
import { inFolder } from './measure.js';

const ALWAYS = ['dynamodb/client', 'operations/target', 'schema/index'];

/** Runs `use` with the path of a module that exports what these files below `src` do, and what it takes to call it. */
export const withProduct = (files, use) =>
  inFolder(async (folder) => {
    const contents = [...ALWAYS, ...files].map((file) => `export * from './src/${file}.js';`).join('\n');
    const root = fileURLToPath(new URL('..', import.meta.url));
    await build({
      ...bundleOptions(root),
      stdin: { contents, resolveDir: root, loader: 'ts' },
      outdir: folder,
      entryNames: 'product',
      outExtension: { '.js': '.mjs' },
      banner: {
        js: "import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(import.meta.url);",
      },
    });
    return use(path.join(folder, 'product.mjs'));
  });
