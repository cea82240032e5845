export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that is written to; `process.stdout` and a PassThrough both fit. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };

export interface TerminalOptions {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Environment;
  /** `--no-input`: never ask. */
  readonly noInput?: boolean;
  /** `--no-color`. */
  readonly noColor?: boolean;
}

/** The streams and what can be done with them. */
export interface Terminal {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Environment;
  /** Questions can be asked: stdin and stderr are a terminal and `--no-input` is not given. CI does not matter. */
  readonly isInteractive: boolean;
  /** Characters beyond ASCII can be shown. */
  readonly unicode: boolean;
  /** Columns of the terminal that the stream writes to; undefined when it writes to none. */
  width(stream: OutputStream): number | undefined;
  color(stream: OutputStream): boolean;
}

const DEFAULT_WIDTH = 80;

/** A number of columns or rows; a terminal that was given no size says 0. */
export function positive(value: string | number | undefined): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** `--no-color`, then NO_COLOR (no-color.org), then FORCE_COLOR, then a terminal that is not dumb. Empty is unset. */
function wantsColor(stream: OutputStream, env: Environment, noColor: boolean): boolean {
  if (noColor) return false;
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return env['TERM'] !== 'dumb' && stream.isTTY === true;
}

/** A locale that is set decides; without one every terminal but the Linux console and dumb ones can. */
function showsUnicode(env: Environment): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  if (locale !== undefined) return /utf-?8/i.test(locale);
  return env['TERM'] !== 'linux' && env['TERM'] !== 'dumb';
}

/** What the streams, the environment and the flags make possible. Reads nothing else. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, env } = options;
  return {
    // Node makes it when it is first asked for: not where nobody can be asked.
    get stdin() {
      return options.stdin;
    },
    stdout,
    stderr,
    env,
    isInteractive: options.noInput !== true && stderr.isTTY === true && options.stdin.isTTY === true,
    unicode: showsUnicode(env),
    width: (stream) =>
      stream.isTTY === true ? (positive(stream.columns) ?? positive(env['COLUMNS']) ?? DEFAULT_WIDTH) : undefined,
    color: (stream) => wantsColor(stream, env, options.noColor === true),
  };
}
