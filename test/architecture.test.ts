import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** One import of a source file; `target` is a path below src/ for our own, else the specifier. */
interface Import {
  readonly file: string;
  readonly target: string;
  readonly isOwn: boolean;
  /** Gone after compilation: it binds nothing at run time. */
  readonly isType: boolean;
}

/** Comments without a line of code in them; a `//` within a line is more likely part of an address. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

/** `import type {…}`, `import {type A, type B}`, `export type {…}`. */
function isTypeOnly(clause: string): boolean {
  if (/^type\b(?!\s*,|\s+from)/.test(clause)) return true;
  const named = /^\{([\s\S]*)\}$/.exec(clause.trim())?.[1];
  const specifiers =
    named
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '') ?? [];
  return specifiers.length > 0 && specifiers.every((part) => part.startsWith('type '));
}

/** Every import, re-export and `import()` of a module's text: its specifier, and whether it is of types only. */
function importsIn(text: string): readonly { readonly specifier: string; readonly isType: boolean }[] {
  const code = withoutComments(text);
  const from = [...code.matchAll(/^\s*(?:import|export)\s+([^;'"]*?)\s*from\s*['"]([^'"]+)['"]/gm)];
  const bare = [...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)];
  const dynamic = [...code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]/g)];
  return [
    ...from.map(([, clause = '', specifier = '']) => ({ specifier, isType: isTypeOnly(clause) })),
    ...bare.map(([, specifier = '']) => ({ specifier, isType: false })),
    ...dynamic.map(([, typeOf, specifier = '']) => ({ specifier, isType: typeOf !== undefined })),
  ];
}

const source = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(`${source}${file}`, 'utf8');

const imports = files.flatMap((file) =>
  importsIn(textOf(file)).map(({ specifier, isType }): Import => {
    const isOwn = specifier.startsWith('.');
    return { file, target: isOwn ? posix.join(posix.dirname(file), specifier) : specifier, isOwn, isType };
  }),
);

/** `dynamodb` for dynamodb/client.ts, `errors` for errors.ts. */
const moduleOf = (path: string): string => path.replace(/\.[jt]s$/, '').split('/')[0] ?? '';

const describeImport = ({ file, target, isType }: Import): string => `${file} → ${target}${isType ? ' (types)' : ''}`;

/** Which modules each may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  errors: [],
  progress: [],
  version: [],
  output: ['schema', 'errors', 'progress'],
  terminal: ['schema', 'errors', 'progress'],
  config: ['schema', 'errors'],
  dynamodb: ['schema', 'errors', 'progress'],
  files: ['errors'],
  archive: ['files', 'schema', 'errors', 'progress'],
  local: ['files', 'schema', 'errors', 'progress'],
  operations: ['dynamodb', 'archive', 'local', 'files', 'schema', 'errors', 'progress'],
  commands: ['operations', 'config', 'output', 'terminal', 'schema', 'errors', 'progress', 'version'],
  program: ['commands', 'errors', 'version'],
  // Loads the packed command; whatever it imported would be loaded twice.
  start: [],
  // Tables for the tests of others.
  testing: ['operations', 'config', 'schema', 'errors'],
  // The library: operations, the schema and the engine for tests.
  index: ['operations', 'local', 'schema', 'errors', 'progress'],
};

const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = { commands: ['local'] };

describe('who imports whom', () => {
  it('knows every module of src/', () => {
    const known = new Set([...Object.keys(MAY_IMPORT), 'main']);
    expect(files.map(moduleOf).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(Object.entries(MAY_IMPORT))('%s imports only %j', (name, allowed) => {
    const wrong = imports.filter(({ file, target, isOwn, isType }) => {
      if (!isOwn || moduleOf(file) !== name) return false;
      const to = moduleOf(target);
      if (to === name || allowed.includes(to) || target === '../package.json') return false;
      return !(isType && MAY_IMPORT_TYPES[name]?.includes(to) === true);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('only version.ts reads the manifest', () => {
    const readers = imports.filter(({ target }) => target.includes('package.json'));
    expect(readers.map(({ file }) => file)).toEqual(['version.ts']);
  });

  it.each([
    ['the AWS SDK', /^@(?:aws-sdk|smithy)\//, ['dynamodb']],
    ['colours, spinners and prompts', /^(?:chalk|ora|inquirer|@inquirer\/.*)$/, ['output', 'terminal']],
    ['the argument parser', /^commander$/, ['commands', 'program']],
  ] as const)('%s is imported only where it belongs', (_, packages, allowed) => {
    const importers = imports.filter(({ target, isOwn }) => !isOwn && packages.test(target));
    expect(importers.length).toBeGreaterThan(0);
    const wrong = importers.filter(({ file }) => !allowed.some((name) => name === moduleOf(file)));
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('the schema is pure: it imports nothing of Node', () => {
    const node = imports.filter(
      ({ file, target }) =>
        moduleOf(file) === 'schema' && (target.startsWith('node:') || builtinModules.includes(target)),
    );
    expect(node.map(describeImport)).toEqual([]);
  });

  it('our own are imported by their compiled names', () => {
    const wrong = imports.filter(({ target, isOwn }) => isOwn && !/\.js(?:on)?$/.test(target));
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('only an entry point ends its process', () => {
    // supervisor-main.ts is the entry of the process that owns an engine.
    const enders = files.filter((file) => withoutComments(textOf(file)).includes('process.exit('));
    expect(enders.filter((file) => !['main.ts', 'local/supervisor-main.ts'].includes(file))).toEqual([]);
  });
});

describe('importsIn', () => {
  it.each([
    ["import { a } from './a.js';", './a.js', false],
    ["import a from './a.js';", './a.js', false],
    ["import * as a from './a.js';", './a.js', false],
    ["import './a.js';", './a.js', false],
    ["import {\n  a,\n  type B,\n} from './a.js';", './a.js', false],
    ["import type { A } from './a.js';", './a.js', true],
    ["import type A from './a.js';", './a.js', true],
    ["import { type A, type B } from './a.js';", './a.js', true],
    ["import type, { a } from './a.js';", './a.js', false],
    ["export * from './a.js';", './a.js', false],
    ["export { a } from './a.js';", './a.js', false],
    ["export type { A } from './a.js';", './a.js', true],
    ["export type * from './a.js';", './a.js', true],
    ["const a = await import('./a.js');", './a.js', false],
    ["let a: typeof import('./a.js');", './a.js', true],
  ])('reads %j', (text, specifier, isType) => {
    expect(importsIn(text)).toEqual([{ specifier, isType }]);
  });

  it.each([
    "// import { a } from './a.js';",
    "/* import './a.js' */",
    "/** see `import('./a.js')` */",
    "const from = 'x';",
  ])('passes over %j', (text) => {
    expect(importsIn(text)).toEqual([]);
  });
});
