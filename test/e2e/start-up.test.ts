import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, tempFolder } from '../support/cli.js';

const folder = tempFolder();

/** The files of the package that a command loads, as Node's coverage counts them. */
async function loadedBy(argv: readonly string[]): Promise<string[]> {
  const coverage = tempFolder();
  const { code } = await runCli(argv, { cwd: folder, env: { NODE_V8_COVERAGE: coverage } });
  expect(code).toBe(0);
  const urls = readdirSync(coverage).flatMap((name) => {
    const { result }: { result: { url: string }[] } = JSON.parse(readFileSync(path.join(coverage, name), 'utf8'));
    return result.map(({ url }) => url);
  });
  return [...new Set(urls.filter((url) => url.includes('/dist/')).map((url) => url.replace(/^.*\/dist\//, '')))];
}

const named = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files.filter((file) => pattern.test(file));

describe('start-up', () => {
  beforeAll(async () => {
    await runCli(['setup', '--local', '--yes', '-q'], { cwd: folder });
  });

  it('loads for help, and for what completion need not look up, nothing but the declarations', async () => {
    const typed = ['purge --ex', 'list --output='].map((words) => [
      '__complete',
      'bash',
      '=:',
      `mcp-sessions ${words}`,
    ]);
    for (const argv of [['--help'], ['list', '--help'], ['--version'], ...typed]) {
      const files = await loadedBy(argv);
      expect(named(files, /start\.js$|main-/)).not.toEqual([]);
      expect(files.filter((file) => !/start\.js$|main-/.test(file))).toEqual([]);
    }
  });

  it('loads for list neither YAML, CSV, prompts nor a spinner, and those where they are asked for', async () => {
    const optional = /yaml|csv|inquirer|ora-/;
    expect(named(await loadedBy(['list', '--local', '--json']), optional)).toEqual([]);
    expect(named(await loadedBy(['list', '--local', '-q']), optional)).toEqual([]);
    expect(named(await loadedBy(['list', '--local', '-o', 'yaml']), optional)).toContainEqual(
      expect.stringContaining('yaml-text'),
    );
    expect(named(await loadedBy(['list', '--local', '-o', 'csv']), optional)).toEqual([
      expect.stringContaining('csv-text'),
    ]);
  });
});
