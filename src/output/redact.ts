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
  if (!/^\s*[[{]/.test(text) || depth >= DEEPEST) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const masked = JSON.stringify(redact(value, isSecret, depth + 1));
  // Exactly as it was, spaces and all, where there is nothing to hide.
  return masked === JSON.stringify(value) ? text : masked;
}

/**
 * A deep copy with everything below a secret key masked. The end of a long string is kept, to tell two tokens apart;
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
    Object.entries(value).map(([key, element]) => [
      key,
      isSecret(key, element) ? mask(element) : redact(element, isSecret, depth + 1),
    ]),
  );
}

/** An id cut so that it can be recognised but not used: its first 8 and last 4 characters; of a short one, a quarter. */
export function maskId(id: string): string {
  const characters = Array.from(id);
  if (characters.length <= 16) return `${characters.slice(0, Math.floor(characters.length / 4)).join('')}…`;
  return `${characters.slice(0, 8).join('')}…${characters.slice(-4).join('')}`;
}
