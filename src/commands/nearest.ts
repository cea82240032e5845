/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const edits = [cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (same ? 0 : 1)];
      rows[i]?.push(Math.min(...edits, ...(swapped ? [cell(i - 2, j - 2) + 1] : [])));
    }
  }
  return cell(a.length, b.length);
}

/** The candidate that a mistyped word was most likely meant to be; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const typed = word.toLowerCase();
  // Nothing this long is a slip of a short name, and the cost grows with the product of the lengths.
  if (typed === '' || typed.length > 60) return undefined;
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.max(typed.length, candidate.length) * 0.4)))
    .toSorted((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate;
}
