import { maskSecrets } from './secret-text.js';

const MASK = '••••••';
const REVEAL_FROM = 17;
/** Deeper than DynamoDB nests (32), and far from where JSON.stringify runs out of stack: JSON held in a string may. */
const DEEPEST = 200;

function mask(value: unknown): string {
  if (typeof value !== 'string') return MASK;
  const characters = Array.from(value);
  return characters.length >= REVEAL_FROM ? MASK + characters.slice(-4).join('') : MASK;
}

type IsSecret = (key: string, value: unknown) => boolean;

/** Stores that this package does not know keep a session as JSON in a string. */
function redactText(text: string, isSecret: IsSecret, depth: number): string {
  if (!/^\s*[[{]/.test(text) || depth >= DEEPEST) return maskSecrets(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return maskSecrets(text);
  }
  const masked = JSON.stringify(redact(value, isSecret, depth + 1));
  // Exactly as it was, spaces and all, where there is nothing to hide.
  return masked === jsonOf(value) ? text : masked;
}

/** The JSON of what was parsed; undefined where it nests so deeply that it cannot be written as it was read. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * A deep copy with everything below a secret key masked, and in every text what is a secret by its form. The end of a long string is kept, to tell two tokens apart;
 * objects and lists are masked whole. A string that holds JSON stays one, the secrets in it masked.
 */
export function redact(value: unknown, isSecret: IsSecret, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value, isSecret, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '(nested too deeply to show)';
  if (Array.isArray(value)) return value.map((element) => redact(element, isSecret, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  // fromEntries defines its keys: one named __proto__ stays a key.
  return Object.fromEntries(
    withoutSecretKeys(Object.entries(value)).map(([name, key, element]) => [
      name,
      isSecret(key, element) ? mask(element) : redact(element, isSecret, depth + 1),
    ]),
  );
}

/** Entries with the names to show their keys by: a store may have tokens for keys. Two that are masked alike are told apart. */
function withoutSecretKeys(
  entries: readonly (readonly [string, unknown])[],
): readonly (readonly [name: string, key: string, value: unknown])[] {
  const seen = new Map<string, number>();
  return entries.map(([key, value]) => {
    const name = maskSecrets(key);
    if (name === key) return [key, key, value];
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name} (${count})`, key, value];
  });
}
