/** Exit codes of the command; scripts depend on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  found: 3,
  notConfirmed: 4,
  partly: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code that an error can carry, with the exit code that goes with it. docs/errors.md explains each. */
const EXIT_OF = {
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  LAYOUT_UNKNOWN: EXIT.usage,
  LAYOUT_AMBIGUOUS: EXIT.usage,
  LAYOUT_MISMATCH: EXIT.failed,
  REGION_MISSING: EXIT.usage,
  REGION_UNKNOWN: EXIT.failed,
  CREDENTIALS_MISSING: EXIT.failed,
  CREDENTIALS_EXPIRED: EXIT.failed,
  CREDENTIALS_INVALID: EXIT.failed,
  ACCESS_DENIED: EXIT.failed,
  ENDPOINT_UNREACHABLE: EXIT.failed,
  ENDPOINT_NOT_DYNAMODB: EXIT.failed,
  NOT_SUPPORTED: EXIT.failed,
  TABLE_NOT_FOUND: EXIT.failed,
  TABLE_BUSY: EXIT.failed,
  TABLE_BLOCKED: EXIT.failed,
  STREAM_NOT_FOUND: EXIT.failed,
  SESSION_NOT_FOUND: EXIT.failed,
  PURGE_REFUSED: EXIT.failed,
  PURGE_UNFINISHED: EXIT.failed,
  PURGE_RUNNING: EXIT.failed,
  TEARDOWN_REFUSED: EXIT.failed,
  TABLE_EXISTS: EXIT.failed,
  ARCHIVE_EXISTS: EXIT.failed,
  ARCHIVE_PARTIAL: EXIT.failed,
  ARCHIVE_BUSY: EXIT.failed,
  ARCHIVE_INVALID: EXIT.found,
  ARCHIVE_LOCKED: EXIT.failed,
  RESTORE_CONFLICT: EXIT.partly,
  RESTORE_MISMATCH: EXIT.found,
  BACKUP_NOT_FOUND: EXIT.failed,
  BACKUP_AMBIGUOUS: EXIT.failed,
  BACKUP_BUSY: EXIT.failed,
  BACKUP_NOT_SAFE: EXIT.failed,
  BACKUPS_UNAVAILABLE: EXIT.failed,
  RECOVERY_UNAVAILABLE: EXIT.failed,
  RESTORE_UNFINISHED: EXIT.failed,
  NOTHING_TO_RESUME: EXIT.failed,
  THROTTLED: EXIT.failed,
  LIMIT_EXCEEDED: EXIT.failed,
  REQUEST_INVALID: EXIT.failed,
  WAIT_TIMEOUT: EXIT.failed,
  AWS_ERROR: EXIT.failed,
  ENGINE_NOT_FOUND: EXIT.failed,
  ENGINE_FAILED: EXIT.failed,
  ENGINE_BUSY: EXIT.failed,
  FILE_ERROR: EXIT.failed,
  NOT_CONFIRMED: EXIT.notConfirmed,
  INTERRUPTED: EXIT.interrupted,
  INTERNAL: EXIT.failed,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof EXIT_OF;

export const ERROR_CODES = Object.keys(EXIT_OF).filter((code): code is ErrorCode => code in EXIT_OF);

export interface CliErrorOptions {
  /** What to do next, in words; one sentence or a command. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure that a user can understand and act upon: what and where in the message, what to do in the hint.
 * Anything thrown that is not a CliError is a bug and is reported as such.
 */
export class CliError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CliError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = EXIT_OF[code];
  }
}

/** The operating system's name of a failure ('ENOENT'), or ''. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
