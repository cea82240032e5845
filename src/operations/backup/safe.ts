import { describeBackup, type DescribedBackup } from '../../dynamodb/backups.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';

/** A backup that was asked for. */
export interface RequestedBackup {
  readonly table: string;
  readonly name: string;
  readonly arn: string;
  /** When AWS had answered the request, by the context's clock; epoch milliseconds. */
  readonly requestedAt: number;
}

export interface SafetyOptions {
  /** false: do not wait out the minute after the request. */
  readonly settle: boolean;
  /** Milliseconds that a backup may be CREATING. */
  readonly timeoutMs: number;
}

/**
 * A backup that was requested at 14:25 holds for certain only what was written up to 14:24, and may hold changes up to
 * 14:26 (CreateBackup, API reference): what is deleted within a minute of the request may be missing from it.
 */
export const SETTLE_MS = 60_000;

const secondsLeft = (ms: number): string => `${Math.ceil(ms / 1000)} s left`;

/** Waits until a backup is AVAILABLE. Throws WAIT_TIMEOUT while it is still CREATING, BACKUP_NOT_SAFE when it is gone. */
export async function untilAvailable(
  context: OperationContext,
  { table, name, arn }: Pick<RequestedBackup, 'table' | 'name' | 'arn'>,
  timeoutMs: number,
): Promise<DescribedBackup> {
  const started = performance.now();
  return waitFor(
    async () => {
      const backup = await describeBackup(context.dynamo, arn);
      if (backup.status === 'AVAILABLE') return backup;
      if (backup.status !== 'CREATING')
        throw new CliError('BACKUP_NOT_SAFE', `backup '${name}' of table '${table}' is ${backup.status}`, {
          hint: 'it holds nothing: make another one before anything is deleted',
        });
      const waited = Math.round((performance.now() - started) / 1000);
      context.onProgress({ step: 'waiting for the backup', table, detail: `${backup.status}, ${waited} s` });
      return undefined;
    },
    { signal: context.signal, what: `waiting for backup '${name}' of table '${table}'`, timeoutMs },
  );
}

/**
 * Waits until backups hold for certain what their tables held when they were asked for: each AVAILABLE, and, with
 * `settle`, at least a minute past its request. Whoever deletes next relies on it: it throws unless every one is safe, and
 * looks at each once more at the end.
 */
export async function untilSafe(
  context: OperationContext,
  backups: readonly RequestedBackup[],
  { settle, timeoutMs }: SafetyOptions,
): Promise<readonly DescribedBackup[]> {
  const available = await Promise.all(backups.map((backup) => untilAvailable(context, backup, timeoutMs)));
  if (!settle) return available;
  const safeAt = Math.max(...backups.map(({ requestedAt }) => requestedAt + SETTLE_MS));
  if (context.now() >= safeAt) return available;
  await waitFor(
    async () => {
      const left = safeAt - context.now();
      if (left <= 0) return true;
      context.onProgress({
        step: 'waiting until the backup holds every write',
        detail: `${secondsLeft(left)}; AWS takes up to a minute, --no-settle does without`,
      });
      return undefined;
    },
    { signal: context.signal, what: 'waiting out the minute after the backup', maxDelayMs: 1000 },
  );
  return Promise.all(backups.map((backup) => untilAvailable(context, backup, timeoutMs)));
}
