// Writes the transcript in README.md: what the command shows on a terminal of 80 columns, from a run on the embedded
// engine. `--check` fails when README no longer shows what a run shows; times, ids and figures may be others.
import { readFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = path.join(ROOT, 'README.md');
const PLACE = /(<!-- transcript -->\n)[^]*?(<!-- \/transcript -->)/;

/** `from` and `to`: so many of the first and of the last lines are shown. Paths want a wide terminal, or they are cut. */
const COMMANDS = [
  { command: 'setup --local --yes', from: 7, to: 2 },
  { command: 'seed --local --count 6 --random-seed 7' },
  { command: 'list --local' },
  { command: 'stats --local', from: 5, to: 0 },
  { command: 'purge --local --expired --dry-run' },
  { command: 'purge --local --expired --yes' },
  { command: 'backup --local', columns: 200 },
  { command: 'restore latest --local --to-table copy --yes' },
  { command: 'teardown --local --all --yes', columns: 200 },
];

/** What a command writes to stdout where that is a terminal. */
function shown(command, { cwd, columns }) {
  return new Promise((resolve, reject) => {
    const line = `"${process.execPath}" "${path.join(ROOT, 'bin/mcp-sessions.js')}" ${command} 2>errors.txt`;
    const env = { PATH: process.env.PATH, HOME: cwd, LANG: 'C.UTF-8', NO_COLOR: '1' };
    const terminal = spawn('/bin/sh', ['-c', line], { name: 'xterm', cols: columns, rows: 50, cwd, env });
    let text = '';
    terminal.onData((data) => {
      text += data;
    });
    terminal.onExit(({ exitCode }) => {
      // The exit can be told before the last of the output.
      setTimeout(() => {
        if (exitCode !== 0)
          reject(new Error(`${command} ended with ${exitCode}: ${readFileSync(path.join(cwd, 'errors.txt'), 'utf8')}`));
        else resolve(stripVTControlCharacters(text).replaceAll('\r\n', '\n').trimEnd());
      }, 100);
    });
  });
}

function cut(text, { from = Number.POSITIVE_INFINITY, to = 0 }) {
  const lines = text.split('\n');
  return lines.length <= from + to
    ? text
    : [...lines.slice(0, from), '…', ...lines.slice(lines.length - to)].join('\n');
}

async function transcript() {
  const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcp-sessions-')));
  try {
    const parts = [];
    for (const { command, columns = 80, ...lines } of COMMANDS) {
      const text = (await shown(command, { cwd, columns })).replaceAll(`${cwd}/`, './');
      parts.push(`$ mcp-sessions ${command}\n${cut(text, lines)}`);
    }
    return parts.join('\n\n');
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** The same of any two runs: without times, ids, figures, and what depends on their width. */
const shapeOf = (text) =>
  text
    .replaceAll(/[\da-f]{32}/g, 'ID')
    .replaceAll(/\b(?:in )?(?:\d+[dhms] ?)+ ago|\bin (?:\d+[dhms] ?)+|\bnow\b/g, 'AGE')
    .replaceAll(/[─█▏▎▍▌▋▊▉]+/g, '─')
    .replaceAll(/\d+/g, '0')
    .replaceAll(/[ \n]+/g, ' ');

const readme = readFileSync(README, 'utf8');
if (!PLACE.test(readme)) throw new Error('README.md has no place for it: <!-- transcript --> … <!-- /transcript -->');
const made = await transcript();
const updated = readme.replace(PLACE, (_, start, end) => `${start}\n\`\`\`text\n${made}\n\`\`\`\n\n${end}`);
if (!process.argv.includes('--check')) writeFileSync(README, updated);
else if (shapeOf(updated) !== shapeOf(readme)) {
  console.error('The transcript in README.md is stale: run `npm run transcript`.');
  process.exitCode = 1;
}
