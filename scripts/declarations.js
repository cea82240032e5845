// tsc writes a declaration for every file that it reads; only those that the entry points lead to are published.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Removes the declaration files below a folder that no entry point imports, directly or not. */
export function pruneDeclarations(folder, entries) {
  const needed = new Set();
  const visit = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)\.js['"]/g))
      visit(path.resolve(path.dirname(file), `${target}.d.ts`));
  };
  for (const entry of entries) visit(path.resolve(folder, entry));
  for (const file of declarationsIn(folder)) if (!needed.has(file)) rmSync(file);
}

function declarationsIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => path.resolve(folder, name));
}
