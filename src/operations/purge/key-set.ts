/** Two words a key: what a million keys take is 16 MB. */
const FIRST_SLOTS = 4096;
const MOST_SLOTS = 2 ** 23;
const FULLEST = 0.75;

/**
 * Which keys were seen, and whether each was chosen, by 63 bits of their hash: two of a million keys are taken for the
 * same once in ten million tables. Holds six million keys at the most (64 MB); then it is full and takes no more.
 */
export class KeySet {
  #words = new Uint32Array(FIRST_SLOTS * 2);
  #size = 0;
  #isFull = false;
  readonly #mostSlots: number;

  /** `mostSlots` is a power of two. */
  constructor(mostSlots = MOST_SLOTS) {
    this.#mostSlots = mostSlots;
  }

  /** A key was not taken in for want of room: one that is not known may have been seen all the same. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(key: string, chosen: boolean): void {
    if (this.#isFull) return;
    if (this.#size >= (this.#words.length / 2) * FULLEST && !this.#grow()) {
      this.#isFull = true;
      return;
    }
    const [low, high] = hash(key);
    this.#put(this.#words, low, (high & ~1) | (chosen ? 1 : 0));
    this.#size += 1;
  }

  /** Whether a key was chosen; undefined for a key that was not taken in. */
  get(key: string): boolean | undefined {
    const [low, high] = hash(key);
    const at = slotOf(this.#words, low, high);
    return this.#words[at] === 0 ? undefined : ((this.#words[at + 1] ?? 0) & 1) === 1;
  }

  #put(words: Uint32Array, low: number, high: number): void {
    const at = slotOf(words, low, high);
    words[at] = low;
    words[at + 1] = high;
  }

  #grow(): boolean {
    if (this.#words.length / 2 >= this.#mostSlots) return false;
    const words = this.#words;
    const larger = new Uint32Array(words.length * 2);
    for (let at = 0; at < words.length; at += 2) {
      const [low = 0, high = 0] = [words[at], words[at + 1]];
      if (low !== 0) this.#put(larger, low, high);
    }
    this.#words = larger;
    return true;
  }
}

/** Where a hash is, or the empty place where it belongs; the lowest bit of `high` is no part of it. */
function slotOf(words: Uint32Array, low: number, high: number): number {
  const mask = words.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const at = slot * 2;
    if (words[at] === 0) return at;
    if (words[at] === low && ((words[at + 1] ?? 0) | 1) >>> 0 === (high | 1) >>> 0) return at;
  }
}

/** 64 bits in two words, the first never 0: MurmurHash's mixing over two lanes. */
function hash(text: string): readonly [low: number, high: number] {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return [a >>> 0 || 1, b >>> 0];
}
