import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LEAST_KEY_FILE_BYTES, type Secret } from '../operations/archive/secret.js';
import { CliError } from '../errors.js';
import type { LockFlags } from './archive-options.js';
import type { CommandSession } from './session.js';

const VARIABLE = 'MCP_SESSIONS_PASSPHRASE';

function readSecretFile(session: CommandSession, flag: string, file: string): Buffer {
  const whole = path.resolve(session.runtime.cwd, file);
  try {
    return readFileSync(whole);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : '';
    throw new CliError('FILE_ERROR', `cannot read ${flag} '${whole}': ${reason}`, { cause });
  }
}

/** The passphrase or the key that flags and the environment give; null when they give none. */
export function givenSecret(session: CommandSession, flags: LockFlags): Secret | null {
  const { passphraseFile, keyFile } = flags;
  if (passphraseFile !== undefined && keyFile !== undefined)
    throw new CliError('USAGE', '--passphrase-file and --key-file exclude each other');
  if (keyFile !== undefined) {
    const bytes = readSecretFile(session, '--key-file', keyFile);
    if (bytes.length < LEAST_KEY_FILE_BYTES)
      throw new CliError('USAGE', `--key-file '${keyFile}' has ${bytes.length} bytes: a key has 32 or more`, {
        hint: 'for example: head -c 32 /dev/urandom > key; chmod 600 key',
      });
    return { kind: 'keyFile', bytes };
  }
  const text =
    passphraseFile === undefined
      ? session.runtime.env[VARIABLE]
      : readSecretFile(session, '--passphrase-file', passphraseFile).toString('utf8').split(/\r?\n/)[0];
  if (passphraseFile !== undefined && text === '')
    throw new CliError('USAGE', `the first line of --passphrase-file '${passphraseFile}' is empty`);
  return text === undefined || text === '' ? null : { kind: 'passphrase', text };
}

/** What is to be said of an archive that is written plain although the environment has a passphrase; nothing otherwise. */
export const plainWarnings = ({ runtime }: CommandSession, secret: Secret | null): readonly string[] =>
  secret === null && (runtime.env[VARIABLE] ?? '') !== ''
    ? [`the archive is not encrypted: ${VARIABLE} is set, and --encrypt was not given`]
    : [];

async function ask(session: CommandSession, message: string): Promise<string> {
  session.progress.stop();
  return session.prompts.password({ message, flag: '--passphrase-file <file>, or set MCP_SESSIONS_PASSPHRASE' });
}

/** What a new archive is encrypted with; null when it is not to be. */
export async function secretForWriting(
  session: CommandSession,
  flags: LockFlags & { readonly encrypt?: boolean },
): Promise<Secret | null> {
  const wanted = flags.encrypt === true || flags.passphraseFile !== undefined || flags.keyFile !== undefined;
  if (!wanted) return null;
  const given = givenSecret(session, flags);
  if (given !== null) return given;
  const text = await ask(session, 'Passphrase of the archive:');
  if (text === '') throw new CliError('USAGE', 'the passphrase is empty');
  if ((await ask(session, 'The same again:')) !== text) throw new CliError('USAGE', 'the two passphrases differ');
  return { kind: 'passphrase', text };
}

/** Opens an archive with what was given, and asks for a passphrase where it needs one and nothing was. */
export async function withSecret<T>(
  session: CommandSession,
  flags: LockFlags,
  work: (secret: Secret | null) => Promise<T>,
): Promise<T> {
  const given = givenSecret(session, flags);
  try {
    return await work(given);
  } catch (error) {
    const isLocked =
      error instanceof CliError && error.code === 'ARCHIVE_LOCKED' && error.message.endsWith('is encrypted');
    if (!isLocked || given !== null || !session.terminal.isInteractive) throw error;
    return work({ kind: 'passphrase', text: await ask(session, 'Passphrase of the archive:') });
  }
}
