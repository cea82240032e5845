import { CliError, EXIT } from '../errors.js';
import { renderError } from '../output/errors.js';
import { isMachineFormat, render } from '../output/render.js';
import type { Outcome } from './definition.js';
import type { CommandSession } from './session.js';

/** Writes what a command ended with: the result to stdout, warnings and the error to stderr. Answers the exit code. */
export async function writeOutcome(session: CommandSession, outcome: Outcome): Promise<number> {
  const { view, error } = outcome;
  const warnings = [...session.warnings, ...(outcome.warnings ?? [])];
  session.progress.stop();
  if (view !== undefined) session.runtime.stdout.write(await render(view, session.format, session.page('stdout')));
  // For programs an error is the one object on stderr; the result holds the warnings too.
  const isAlone = error !== undefined && isMachineFormat(session.format);
  if (!isAlone) for (const warning of warnings) session.warn(warning);
  if (error !== undefined) writeError(session, error);
  return outcome.childExitCode ?? outcome.exitCode ?? error?.exitCode ?? EXIT.done;
}

/** Writes why a command failed; anything but a CliError is a bug and says so. */
export function writeFailure(session: CommandSession, error: unknown): number {
  session.progress.stop();
  writeError(session, error);
  return error instanceof CliError ? error.exitCode : EXIT.failed;
}

/** In terms of what was typed: a hint's commands lead to the same tables as the one that failed. */
function asTyped(session: CommandSession, error: unknown): unknown {
  if (!(error instanceof CliError)) return error;
  const { code, message, hint, cause } = error;
  return new CliError(code, session.withoutAddress(message), {
    ...(hint !== undefined && { hint: session.advise(hint) }),
    cause,
  });
}

function writeError(session: CommandSession, error: unknown): void {
  const { format, flags } = session;
  session.runtime.stderr.write(
    renderError(asTyped(session, error), {
      format,
      page: session.page('stderr'),
      verbose: flags.verbose === true,
    }),
  );
}
