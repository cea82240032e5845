// The product's own code as a module that a measuring process imports, bundled as the build bundles it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/build-options.js';
import { inFolder } from './measure.js';

const CODE = `
export * from './src/dynamodb/client.js';
export * from './src/operations/clear.js';
export * from './src/operations/purge.js';
export * from './src/operations/purge-plan.js';
export * from './src/operations/purge-files.js';
export * from './src/operations/stats.js';
export { resolveTarget } from './src/operations/target.js';
export { LAYOUTS } from './src/schema/index.js';
`;

/** Runs `use` with the path of the module. */
export const withProduct = (use) =>
  inFolder(async (folder) => {
    const root = fileURLToPath(new URL('..', import.meta.url));
    await build({
      ...bundleOptions(root),
      stdin: { contents: CODE, resolveDir: root, loader: 'ts' },
      outdir: folder,
      entryNames: 'product',
      outExtension: { '.js': '.mjs' },
      banner: {
        js: "import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(import.meta.url);",
      },
    });
    return use(path.join(folder, 'product.mjs'));
  });
