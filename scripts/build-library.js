import { build } from 'esbuild';
import { bundleOptions } from './build-options.js';

/** Bundles what other programs import, as ES modules. Answers the files that went in. */
export async function buildLibrary(root, folder) {
  const { metafile } = await build({
    ...bundleOptions(root),
    entryPoints: {
      index: 'src/index.ts',
      'schema/index': 'src/schema/index.ts',
      'testing/index': 'src/testing/index.ts',
      'testing/vitest': 'src/testing/vitest.ts',
    },
    outdir: folder,
    // The package has a limit; error messages and what is exported keep their names.
    minifyIdentifiers: true,
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return Object.keys(metafile.inputs);
}
