// Bundles the command and the two library entry points, and emits the library's type declarations.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { pruneDeclarations } from './declarations.js';
import { builtinsWithoutFacade, withoutUnused } from './esbuild-plugins.js';
import { thirdPartyLicences } from './licences.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/main.ts',
    supervisor: 'src/local/supervisor-main.ts',
    index: 'src/index.ts',
    'schema/index': 'src/schema/index.ts',
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // The ES module builds of the AWS SDK start a fifth faster than its CommonJS ones.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['jiti'],
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [withoutUnused, builtinsWithoutFacade],
});

writeFileSync(`${dist}/THIRD-PARTY-LICENSES.txt`, thirdPartyLicences(root, Object.keys(metafile.inputs)));
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
pruneDeclarations(dist, ['index.d.ts', 'schema/index.d.ts']);
