import type { Command } from 'commander';

/** The flags that say what an archive is locked with; the same for `backup create`, `backup verify` and `restore`. */
export interface LockFlags {
  readonly passphraseFile?: string;
  readonly keyFile?: string;
}

export function declareLockOptions(command: Command): void {
  command
    .option(
      '--passphrase-file <file>',
      "an encrypted archive's passphrase is the first line of this file (else MCP_SESSIONS_PASSPHRASE)",
    )
    .option('--key-file <file>', "an encrypted archive's key is this file of 32 bytes or more");
}
