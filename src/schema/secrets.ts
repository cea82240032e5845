import type { Layout } from './types.js';

/** Parts of a key's name, lower case and without punctuation, that make its value look like a secret. */
const TELLTALES = [
  'token',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'accesskey',
  'privatekey',
  'credential',
  'authorization',
  'cookie',
  'csrf',
  'xsrf',
  'nonce',
  'jwt',
  'signature',
];

const normal = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Language models count tokens: `max_tokens: 4096` is no secret, `tokens: "eyJ…"` is. */
const isCount = (key: string, value: unknown): boolean =>
  typeof value === 'number' && /tokens|tokencount|tokenlimit/.test(key);

/**
 * Answers, for a layout, whether a value under a key is to be masked: by the layout's own lists first, then by the
 * key's name. Values of secret keys are masked whole, with everything below them.
 */
export function secretJudge(layout: Layout): (key: string, value: unknown) => boolean {
  const secret = new Set(layout.secretKeys.map(normal));
  const known = new Set(layout.publicKeys.map(normal));
  return (key, value) => {
    const name = normal(key);
    if (secret.has(name)) return true;
    if (known.has(name) || isCount(name, value)) return false;
    return name.startsWith('refresh') || TELLTALES.some((part) => name.includes(part));
  };
}
