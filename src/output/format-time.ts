const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** The largest unit of which there is one, and the next smaller one when it is not zero; never a third. */
function twoUnits(milliseconds: number): string {
  const at = UNITS.findIndex(([, size]) => milliseconds >= size);
  const pair = UNITS.slice(at, at + 2);
  let rest = milliseconds;
  return pair
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return { count, unit };
    })
    .filter(({ count }) => count > 0)
    .map(({ count, unit }) => `${count}${unit}`)
    .join(' ');
}

/** How long something took or lasts: `850ms`, `12s`, `3m 20s`, `1h 5m`, `2d`. Rounded down; in milliseconds. */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '-';
  const length = Math.abs(milliseconds);
  const sign = milliseconds < 0 ? '-' : '';
  if (length < 1) return '0s';
  return sign + (length < 1000 ? `${Math.floor(length)}ms` : twoUnits(length));
}

/** A moment as seen from `now`: `3m ago`, `in 1h 5m`, `now`. Seconds are given below a minute only. */
export function relativeTime(date: Date, now: Date): string {
  const difference = date.getTime() - now.getTime();
  if (Number.isNaN(difference)) return 'invalid time';
  const length = Math.abs(difference);
  if (length < 1000) return 'now';
  const text = twoUnits(length < 60_000 ? length : Math.floor(length / 60_000) * 60_000);
  return difference < 0 ? `${text} ago` : `in ${text}`;
}

/** ISO 8601 in UTC with milliseconds, as machine output has it. Throws a RangeError for an invalid date. */
export function isoTime(date: Date): string {
  return date.toISOString();
}

/** A moment for people, in UTC to the second: `2026-11-20 11:22:33Z`. */
export function absoluteTime(date: Date): string {
  if (Number.isNaN(date.getTime())) return 'invalid time';
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}
