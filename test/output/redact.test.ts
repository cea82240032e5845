import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/output/redact.js';

const isSecret = (key: string): boolean => /token|secret/i.test(key);

describe('redact', () => {
  it('masks strings, and shows the last four characters only of those longer than 16', () => {
    expect(redact({ token: 'x'.repeat(12) + 'abcd' }, isSecret)).toEqual({ token: '••••••' });
    expect(redact({ token: 'x'.repeat(13) + 'abcd' }, isSecret)).toEqual({ token: '••••••abcd' });
    expect(redact({ token: '' }, isSecret)).toEqual({ token: '••••••' });
  });

  it('masks whatever else is below a secret key, whole', () => {
    expect(redact({ token: 1, secret: { a: 'b' }, tokens: ['a'], hasToken: true }, isSecret)).toEqual({
      token: '••••••',
      secret: '••••••',
      tokens: '••••••',
      hasToken: '••••••',
    });
  });

  it('finds secrets at any depth and leaves the rest, and the original, alone', () => {
    const value = { user: 'u', list: [{ deep: { accessToken: 'a' } }], at: new Date(0), bytes: new Uint8Array([1]) };
    const copy = structuredClone(value);
    expect(redact(value, isSecret)).toEqual({ ...copy, list: [{ deep: { accessToken: '••••••' } }] });
    expect(value).toEqual(copy);
  });

  it('masks in JSON that a string holds, and leaves a string without secrets as it is', () => {
    const data = '{ "user": "u", "accessToken": "a", "inner": "{\\"token\\":1}" }';
    expect(redact({ data }, isSecret)).toEqual({
      data: '{"user":"u","accessToken":"••••••","inner":"{\\"token\\":\\"••••••\\"}"}',
    });
    for (const text of ['{ "a": 1 }', '{token: 1}', '[1, 2]', 'token']) expect(redact(text, isSecret)).toBe(text);
  });

  it('keeps a key named __proto__ a key', () => {
    const value: unknown = JSON.parse('{"__proto__":{"token":"t"}}');
    expect(JSON.stringify(redact(value, isSecret))).toBe('{"__proto__":{"token":"••••••"}}');
  });

  it('survives what is nested deeper than the stack', () => {
    let value: unknown = 'bottom';
    for (let depth = 0; depth < 100_000; depth += 1) value = { a: value };
    expect(JSON.stringify(redact(value, isSecret))).toContain('nested too deeply');
  });

  it('never shows a short secret or more than four characters of a long one', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5, unit: fc.constantFrom('a', 'b', 'c', '日') }), (secret) => {
        expect(redact({ token: secret }, isSecret)).toEqual({
          token: secret.length > 16 ? `••••••${secret.slice(-4)}` : '••••••',
        });
      }),
    );
  });
});
