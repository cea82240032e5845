import { CliError } from '../errors.js';
import { EXPLAIN } from './aws-errors.js';
import { type CallSite, type Explain, failureOf, place, target } from './failure.js';
import { isNetworkFailure, unreachable } from './network-errors.js';

/** A call without an answer while others had theirs: as good as throttled. */
export const overloaded = (cause: unknown, site: CallSite): CliError =>
  build(
    {
      code: 'THROTTLED',
      message: `${place(site)} answers other calls, but not ${site.operation}: it has more to do than it can`,
      hint: 'run again with a lower --concurrency, or when it has less to do',
    },
    cause,
  );

/** Turns whatever the SDK throws into an error that says what, where and what to do. */
export function toCliError(error: unknown, site: CallSite): CliError {
  if (error instanceof CliError) return error;
  const failure = failureOf(error);
  const known = EXPLAIN[failure.name];
  if (known !== undefined) return build(known(failure, site), error);
  if (isNetworkFailure(failure)) return build(unreachable(failure, site), error);
  if (failure.name === 'SyntaxError' || failure.status === 404 || failure.status === 405)
    return build(
      {
        code: 'ENDPOINT_NOT_DYNAMODB',
        message: `${site.endpoint ?? place(site)} answers, but not as DynamoDB does (HTTP ${failure.status ?? 'unknown'} to ${site.operation})`,
        hint: 'check --endpoint-url: it must be the address of a DynamoDB endpoint, without a path',
      },
      error,
    );
  return build(
    {
      code: 'AWS_ERROR',
      message: `${site.operation} ${target(site)} failed: ${failure.name}${failure.message === '' ? '' : `: ${failure.message}`}`,
      hint: 'run again with --verbose to see each call',
    },
    error,
  );
}

const build = ({ code, message, hint }: ReturnType<Explain>, cause: unknown): CliError =>
  new CliError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
