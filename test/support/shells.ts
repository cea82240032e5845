import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bareEnvironment, COMMAND, testNode } from './cli.js';

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a shell is; null, and said on stderr, where it is not installed: tests that use it must skip then. */
export function findShell(name: 'bash' | 'zsh' | 'fish'): string | null {
  const found = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
  if (found === undefined) process.stderr.write(`completion in ${name} is left out: ${name} is not on PATH\n`);
  return found ?? null;
}

/** The environment of a shell in which `mcp-sessions` is installed. `folder` is its home. */
export function shellEnvironment(
  folder: string,
  extra: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const bin = path.join(folder, '.bin');
  mkdirSync(bin, { recursive: true });
  const file = path.join(bin, 'mcp-sessions');
  writeFileSync(file, `#!/bin/sh\nexec '${testNode()}' '${COMMAND}' "$@"\n`);
  chmodSync(file, 0o755);
  return bareEnvironment(folder, { PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`, ...extra });
}

/** Runs a script in a shell without a terminal; answers what it printed. Rejects when it fails. */
export function runShell(
  shell: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(shell, [...args], { cwd, env: { ...env }, timeout: 20_000 }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`${error.message}\n${stdout}${stderr}`));
    });
  });
}
