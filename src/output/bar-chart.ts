import type { Page } from './page.js';
import type { Style } from './cell.js';
import { formatCount } from './format-count.js';
import { safeText } from './safe-text.js';
import { textWidth } from './text-width.js';

export interface Bar {
  readonly label: string;
  readonly count: number;
  readonly style?: Style;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
/** Longer bars are no easier to compare. */
const LONGEST = 60;
const INDENT = '  ';
const GAP = '  ';

/** A bar of `length` columns; a count that is not 0 is seen, however small its share. */
function barOf(length: number, count: number, unicode: boolean): string {
  if (count === 0) return '';
  if (!unicode) return '#'.repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

function percent(count: number, total: number): string {
  const share = total === 0 ? 0 : (100 * count) / total;
  return count > 0 && share < 1 ? '<1%' : count < total && share > 99 ? '>99%' : `${Math.round(share)}%`;
}

/** A line a bar: label, count, share of all, and the bar, the longest as wide as there is room. Finished text. */
export function barChart(page: Page, bars: readonly Bar[]): string {
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const rows = bars.map((bar) => ({
    ...bar,
    label: safeText(bar.label),
    countText: formatCount(bar.count),
    share: percent(bar.count, total),
  }));
  const widest = (text: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => textWidth(text(row))));
  const [labels, counts, shares] = [
    widest(({ label }) => label),
    widest(({ countText }) => countText),
    widest(({ share }) => share),
  ];
  const before = INDENT.length + labels + counts + shares + 3 * GAP.length;
  const room = Math.max(1, Math.min(LONGEST, (page.width ?? 80) - before));
  return rows
    .map(({ label, count, countText, share, style = 'info' }) => {
      const numbers = `${countText.padStart(counts)}${GAP}${page.muted(share.padStart(shares))}`;
      const bar = page.styled(style, barOf((count / most) * room, count, page.unicode));
      const name = `${label}${' '.repeat(labels - textWidth(label))}`;
      return `${INDENT}${name}${GAP}${numbers}${bar === '' ? '' : GAP}${bar}`;
    })
    .join('\n');
}
