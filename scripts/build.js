// Builds the command and the two library entry points, and emits the library's type declarations.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildCommand } from './build-command.js';
import { pruneDeclarations } from './declarations.js';
import { buildLibrary } from './build-library.js';
import { thirdPartyLicences } from './licences.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });

const inputs = await Promise.all([buildCommand(root, `${dist}/cli`), buildLibrary(root, dist)]);

writeFileSync(`${dist}/THIRD-PARTY-LICENSES.txt`, thirdPartyLicences(root, inputs.flat()));
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
pruneDeclarations(dist, ['index.d.ts', 'schema/index.d.ts', 'testing/index.d.ts', 'testing/vitest.d.ts']);
