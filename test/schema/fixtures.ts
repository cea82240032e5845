import { type DecodedSession, decodeSession, type Item, type Layout, LAYOUTS } from '../../src/schema/index.js';

export function layoutNamed(id: string): Layout {
  const layout = LAYOUTS.find((candidate) => candidate.id === id);
  if (layout === undefined) throw new Error(`there is no layout '${id}'`);
  return layout;
}

/** 2026-11-20T12:00:00Z. */
export const NOW = 1_795_176_000_000;
export const NOW_S = NOW / 1000;

export const S = (text: string): { readonly S: string } => ({ S: text });
export const N = (value: number | string): { readonly N: string } => ({ N: String(value) });
export const json = (value: unknown): { readonly S: string } => ({ S: JSON.stringify(value) });

export const decode = (id: string, item: Item): DecodedSession => decodeSession(layoutNamed(id), item, NOW);

/** A linear congruential generator: the same seed, the same numbers. */
export function seeded(seed: number): (below: number) => number {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
    return Number((state >> 11n) % BigInt(below));
  };
}
