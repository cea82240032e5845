/** FNV-1a, mixed once more: one changed character changes every bit. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
  return (state ^ (state >>> 15)) >>> 0;
}

/**
 * A number from 0 to 1 that depends on nothing but the words: a call's chance is the same in every run with the seed,
 * in whatever order other calls come.
 */
export const chance = (...words: readonly (string | number)[]): number => hash(words.join(' ')) / 2 ** 32;

/** Chooses by a chance. */
export const chosen = <T>(among: readonly T[], by: number): T | undefined => among[Math.floor(by * among.length)];

/** A share of the places 0 to `count`, at least one of them and never all of more than one. */
export function someOf(count: number, ...words: readonly (string | number)[]): ReadonlySet<number> {
  const places = Array.from({ length: count }, (_, at) => at).filter((at) => chance(...words, at) < 0.4);
  if (places.length === 0) places.push(Math.floor(chance(...words) * count));
  return new Set(places.length === count && count > 1 ? places.slice(1) : places);
}
