const PLAIN_WORD = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell takes it. */
export const quoted = (word: string): string =>
  PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** A command line of this command, ready to be copied. */
export const commandLine = (words: readonly string[]): string => ['mcp-sessions', ...words].map(quoted).join(' ');
