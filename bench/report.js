// The table of results: a column is left out when no row of it has anything.

const number = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const range = ({ min, max }) => `${number(min)}–${number(max)}`;
const MEGABYTE = 1e6;

/** `pass` when what was measured is at most the limit; undefined where there is none. */
export const verdict = ({ limit, measured }) => (limit === undefined ? undefined : measured <= limit ? 'pass' : 'FAIL');

/** Limits of ratios are bare numbers, others are told with their unit. */
function limitText({ limit, ratio, peak }) {
  if (limit === undefined) return undefined;
  if (ratio !== undefined) return `≤ ${Number(limit.toFixed(3))}`;
  return peak === undefined ? `≤ ${limit} ms` : `≤ ${limit / MEGABYTE} MB`;
}

const toRow = (result) => ({
  suite: result.suite,
  node: result.node,
  case: result.name,
  'median ms': result.time && number(result.time.median),
  'spread of ms': result.time && range(result.time),
  'items/s': result.perSecond && result.perSecond.toFixed(0),
  'units used': result.units && number(result.units.used),
  'units needed': result.units && number(result.units.least),
  'peak MB': result.peak && number(result.peak.median / MEGABYTE),
  ratio: result.ratio && number(result.ratio.median),
  'at best': result.ratio?.best && number(result.ratio.best),
  'spread of ratio': result.ratio && range(result.ratio),
  limit: limitText(result),
  verdict: verdict(result) ?? result.note,
});

export function table(results) {
  const rows = results.map(toRow);
  const keys = Object.keys(rows[0] ?? {}).filter((key) => rows.some((row) => row[key] !== undefined));
  const lines = [keys, ...rows.map((row) => keys.map((key) => row[key] ?? ''))];
  const widths = keys.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
