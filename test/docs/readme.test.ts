import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/schema.js';
import { bindLocalFile } from '../../src/commands/global-options.js';
import { ERROR_CODES, EXIT, CliError } from '../../src/errors.js';
import { buildProgram } from '../../src/program.js';
import { LAYOUTS } from '../../src/schema/index.js';
import { blocksOf, DOCUMENTS, ROOT, textOf } from './markdown.js';

const readme = textOf('README.md');

/** The command lines of the product in a document's shell blocks, without comments. */
function commandLines(text: string): readonly string[] {
  return blocksOf(text, 'sh')
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line.startsWith('mcp-sessions'));
}

/** Parses a command line as the command does, and answers which command would run. */
async function parsed(line: string): Promise<string> {
  const chosen: string[] = [];
  const program = buildProgram({
    act: async ({ name }) => {
      chosen.push(name);
    },
  });
  const [, ...words] = line.split(/\s+/);
  try {
    await program.parseAsync(bindLocalFile(words), { from: 'user' });
  } catch (error) {
    throw new Error(`${line}: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  return chosen.join();
}

describe('README', () => {
  it('has a reference that is generated from the declarations, as is the manual page', () => {
    expect(() =>
      execFileSync(process.execPath, [path.join(ROOT, 'scripts/reference.js'), '--check'], { stdio: 'pipe' }),
    ).not.toThrow();
  });

  it('has the two lines that .ci/run and a newcomer start with', () => {
    const [first = ''] = blocksOf(readme, 'sh');
    expect(first).toBe('npm ci && npm run demo\nnpm ci && npm test\n');
  });

  it('names every exit code', () => {
    const codes = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  it('names every layout', () => {
    for (const { id, tables } of LAYOUTS) {
      const [, row = ''] = new RegExp(`^\\| \`${id}\` (.*)$`, 'm').exec(readme) ?? [];
      const key = tables[0]?.keys?.partitionKey.name ?? '';
      expect({ id, row }).toEqual({ id, row: expect.stringContaining(key) });
    }
  });

  it('has a library example that type checks', () => {
    const [example = ''] = blocksOf(readme, 'ts', 'library');
    const folder = path.join(ROOT, 'node_modules', '.cache', `mcp-sessions-example-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
      writeFileSync(path.join(folder, 'example.ts'), example);
      const paths = {
        'mcp-sessions': ['../../../src/index.ts'],
        'mcp-sessions/schema': ['../../../src/schema/index.ts'],
      };
      writeFileSync(
        path.join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: '../../../tsconfig.json',
          compilerOptions: { paths, typeRoots: ['../../@types'] },
          include: [],
          files: ['example.ts'],
        }),
      );
      const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
      expect(() =>
        execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', stdio: 'pipe' }),
      ).not.toThrow();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('documents', () => {
  it.each(DOCUMENTS.flatMap((file) => commandLines(textOf(file)).map((line) => [file, line])))(
    '%s: `%s` is a command line',
    async (_, line) => {
      expect(await parsed(line)).not.toBe('');
    },
  );

  const examples = DOCUMENTS.flatMap((file) =>
    blocksOf(textOf(file), 'yaml', 'configuration').map((block) => [file, block]),
  );

  it.each(examples)('%s: the configuration example is valid', (file, block) => {
    const config = readConfig(parse(block), file);
    expect(config.layouts).toHaveLength(1);
  });

  it('an example that were not valid would be found', () => {
    expect(examples.map(([file]) => file)).toEqual(['README.md', 'docs/layouts.md']);
    expect(() => readConfig(parse('layouts: { x: { title: x } }'), 'README.md')).toThrow(CliError);
  });

  it('link to files that are there', () => {
    for (const file of DOCUMENTS)
      for (const [, target = ''] of textOf(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
        expect({ file, target, isThere: existsSync(path.join(ROOT, path.dirname(file), target)) }).toMatchObject({
          isThere: true,
        });
  });
});

describe('docs/errors.md', () => {
  const rows = [...textOf('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)];

  it('explains every code, and no other', () => {
    expect(rows.map(([, code]) => code)).toEqual(ERROR_CODES);
  });

  it('says the exit code of each', () => {
    const said = rows.map(([, code, exit]) => `${code} ${exit}`);
    expect(said).toEqual(ERROR_CODES.map((code) => `${code} ${new CliError(code, '').exitCode}`));
  });
});
