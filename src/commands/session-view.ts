import { isoTime } from '../output/format-time.js';
import type { DecodedSession } from '../schema/decode.js';

export const iso = (ms: number | null): string | null => (ms === null ? null : isoTime(new Date(ms)));

/** The keys of a session that scripts rely on. */
export function sessionJson(session: DecodedSession): Record<string, unknown> {
  const { id, state, createdAt, lastActivityAt, expiresAt, sizeBytes, problems } = session;
  return {
    id,
    state,
    createdAt: iso(createdAt),
    lastActivityAt: iso(lastActivityAt),
    expiresAt: iso(expiresAt),
    sizeBytes,
    problems,
  };
}

/** How a state looks. */
export const STATE_STYLES = {
  active: 'good',
  expired: 'muted',
  terminated: 'warn',
  incomplete: 'bad',
} as const satisfies Record<DecodedSession['state'], string>;
