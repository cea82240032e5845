import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from 'commander';
import { buildProgram } from '../../src/program.js';
import { ROOT, textOf } from './markdown.js';

const FILE = 'man/mcp-sessions.1';
const page = textOf(FILE);

/** A program's version is asked for to see whether it is there; where it is not, that is said. */
function isInstalled(program: string): boolean {
  const { error } = spawnSync(program, ['-v'], { stdio: 'ignore' });
  if (error !== undefined) process.stderr.write(`the manual page is not read by ${program}: it is not on PATH\n`);
  return error === undefined;
}

const leaves = (command: Command): readonly Command[] =>
  command.commands.flatMap((child) => (child.commands.length > 0 ? leaves(child) : [child]));

describe('the manual page', () => {
  it('has the sections of a manual page, in their order', () => {
    expect([...page.matchAll(/^\.Sh (.*)$/gm)].map(([, title]) => title)).toEqual([
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'COMMANDS',
      'ENVIRONMENT',
      'FILES',
      'EXIT STATUS',
      'EXAMPLES',
      'SEE ALSO',
    ]);
  });

  it('has every command with its flags', () => {
    const program = buildProgram({ act: async () => {} });
    const sections = page.split(/^(?=\.S[sh] )/m);
    for (const command of leaves(program)) {
      const name = [command.parent === program ? '' : command.parent?.name(), command.name()].join(' ').trim();
      const section = sections.find((each) => each.startsWith(`.Ss ${name}\n`)) ?? '';
      const missing = command.options.filter(
        ({ long }) => !section.includes(`Fl ${long?.slice(1).replaceAll('-', '\\-')}`),
      );
      expect({ name, missing: missing.map(({ long }) => long), isThere: section !== '' }).toEqual({
        name,
        missing: [],
        isThere: true,
      });
    }
  });

  it('is named in the manifest as npm links it: in a list', () => {
    expect(JSON.parse(textOf('package.json'))).toMatchObject({
      man: [`./${FILE}`],
      files: expect.arrayContaining(['man']),
    });
  });

  it.skipIf(!isInstalled('groff'))('is formatted by groff without a warning', () => {
    const { status, stdout, stderr } = spawnSync('groff', ['-ww', '-mandoc', '-Tutf8', '-P-cbou', FILE], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('EXIT STATUS');
  });

  it.skipIf(!isInstalled('mandoc'))('is read by mandoc without a remark', () => {
    expect(execFileSync('mandoc', ['-Tlint', '-Wall', path.join(ROOT, FILE)], { encoding: 'utf8' })).toBe('');
  });
});
