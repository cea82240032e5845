import { type LockRecord, takeLock } from './lock.js';

/** How often the lock says to other machines and containers, which cannot see its owner's process, that it lives. */
const TOUCH_MS = 5000;

export type Hold =
  | { readonly kind: 'held'; readonly record: LockRecord }
  | {
      readonly kind: 'taken';
      /** Gives the lock back. */
      readonly release: () => void;
    };

/** Takes a lock and keeps it alive. That of a process that is gone is taken over. Throws what the file system says. */
export function holdLock(path: string, label: string): Hold {
  const attempt = takeLock(path, { label, socket: null, patienceMs: 0 });
  if (attempt.kind === 'held') return attempt;
  const { lock } = attempt;
  const timer = setInterval(() => {
    try {
      lock.touch();
    } catch {
      // Someone removed it: whoever works below it finds that out.
    }
  }, TOUCH_MS);
  timer.unref();
  const release = (): void => {
    clearInterval(timer);
    lock.release();
  };
  return { kind: 'taken', release };
}

/** Who holds a lock, for a message: `process 42 on laptop, since 2026-11-20T03:00:00.000Z`. */
export function ownerText({ owner, since }: LockRecord): string {
  if (owner.pid === 0) return 'another process';
  return `process ${owner.pid}${owner.host === '' ? '' : ` on ${owner.host}`}, since ${since}`;
}
