import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, textOf } from './markdown.js';

const manifest = JSON.parse(textOf('package.json'));
const [, dependencies = '', bundled = ''] =
  /\| dependency \| why \|\n([^]*?)\n\nBundled:([^]*?)\n\n[A-Z]/.exec(textOf('docs/security.md')) ?? [];

const namesIn = (table: string): readonly string[] =>
  table
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .toSorted();

/** Packages that the sources import, by name; types leave nothing in the bundle. */
function imported(): readonly string[] {
  const source = path.join(ROOT, 'src');
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(path.join(source, file), 'utf8')
        .replaceAll(/import type [^;]*;/g, '')
        .matchAll(/(?:from |import\()'([^.'][^']*)'/g),
    ])
    .map(([, specifier = '']) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '')
    .filter((name) => name in { ...manifest.dependencies, ...manifest.devDependencies });
  return [...new Set(names)].toSorted();
}

describe('docs/security.md', () => {
  it('gives the reason for each dependency, and for no other', () => {
    const installed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    expect(namesIn(dependencies)).toEqual(installed.toSorted());
  });

  it('gives the reason for each package that is bundled, and for no other', () => {
    const installed = new Set(Object.keys(manifest.dependencies));
    expect(namesIn(bundled)).toEqual(imported().filter((name) => !installed.has(name)));
  });
});

describe('the package', () => {
  it('runs nothing when it is installed, and is published with its provenance', () => {
    expect(
      Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?(?:install|prepare|uninstall)$/.test(name)),
    ).toEqual([]);
    expect(manifest.publishConfig).toMatchObject({ provenance: true });
  });
});
