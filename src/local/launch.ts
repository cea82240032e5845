import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.js';
import { type Link, openLink } from './link.js';
import type { SupervisorConfig } from './supervisor.js';

/** What a supervisor, its engine and Docker need. The user's credentials are not among it. */
const PASSED_ON =
  'PATH Path HOME USERPROFILE SystemRoot windir TMPDIR TEMP TMP XDG_RUNTIME_DIR SSH_AUTH_SOCK ' +
  'DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH DOCKER_TLS_VERIFY';

/**
 * Starts a supervisor in a session of its own, so that the terminal's Ctrl-C does not reach it, and returns the
 * connection to it: a descriptor that it inherits, hence a lease from its first moment.
 */
export function launchSupervisor(config: SupervisorConfig, env: NodeJS.ProcessEnv): Link {
  const child = spawn(process.execPath, [supervisorScript(), JSON.stringify(config)], {
    // Not the working folder: it would be held for as long as the engine runs.
    cwd: parse(process.execPath).root,
    detached: true,
    env: Object.fromEntries(PASSED_ON.split(' ').map((name) => [name, env[name]])),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  child.unref();
  const socket = child.stdio[3];
  if (!(socket instanceof Socket)) throw new CliError('ENGINE_FAILED', 'cannot talk to the supervisor of the engine');
  // A process that cannot be started closes the connection as well, which is how the caller hears of it.
  child.on('error', () => socket.destroy());
  return openLink(socket);
}

/** dist/cli/supervisor.js of this package, from the bundle as well as from the sources. */
function supervisorScript(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && nameOf(manifest) === 'mcp-sessions') {
      const script = join(folder, 'dist', 'cli', 'supervisor.js');
      if (existsSync(script)) return script;
      throw new CliError('ENGINE_FAILED', `'${script}' is missing`, {
        hint: 'Install mcp-sessions again; in its sources, run "npm run build".',
      });
    }
    if (folder === dirname(folder)) {
      throw new CliError('ENGINE_FAILED', `the package mcp-sessions was not found above '${start}'`, {
        hint: 'Install mcp-sessions again. Code that bundles it must leave it external.',
      });
    }
  }
}

function nameOf(manifest: string): unknown {
  const { name }: { name?: unknown } = JSON.parse(readFileSync(manifest, 'utf8'));
  return name;
}
