const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|w|d|h|m|s))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|w|d|h|m|s)/g;

const isUnit = (text: string): text is keyof typeof UNIT_MS => text in UNIT_MS;

/**
 * Reads a duration such as `90s`, `15m`, `24h`, `7d`, `2w` or `2h30m`.
 * Answers milliseconds, or undefined when the text is anything else: a bare number has no unit and is refused.
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) {
    if (amount === undefined || unit === undefined || !isUnit(unit)) return undefined;
    total += Number(amount) * UNIT_MS[unit];
  }
  return Number.isFinite(total) ? total : undefined;
}

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const ZONE = /(?:Z|[+-]\d{2}:?\d{2})$/;

/** Date.parse takes the 30th of February for the 2nd of March; a tool that deletes by date does not. */
function isDayOfCalendar(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/**
 * Reads ISO 8601 text, `2026-11-20`, `2026-11-20T11:22:33Z`, `2026-11-20T11:22:33.123456`. Text without a zone is UTC.
 * Answers epoch milliseconds, or undefined when it is no such text.
 */
export function parseIso(text: string): number | undefined {
  if (!ISO_INSTANT.test(text)) return undefined;
  if (!isDayOfCalendar(text.slice(0, 10))) return undefined;
  const normal = text.replace(' ', 'T').replace(',', '.');
  const zoned = !normal.includes('T') || ZONE.test(normal.slice(11)) ? normal : `${normal}Z`;
  const ms = Date.parse(zoned.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** JavaScript's dates end here, 100,000,000 days from the epoch. */
const LAST_DATE_MS = 8.64e15;

/** Reads an instant: ISO 8601 text, or a duration that is meant as "so long before `now`". Epoch milliseconds. */
export function parseInstant(text: string, now: number): number | undefined {
  const ago = parseDuration(text);
  if (ago === undefined) return parseIso(text);
  return Math.abs(now - ago) <= LAST_DATE_MS ? now - ago : undefined;
}
