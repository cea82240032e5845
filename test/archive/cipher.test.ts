import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Cipher, ENCRYPTION, type Secret } from '../../src/archive/cipher.js';

const SECRET: Secret = { kind: 'keyFile', bytes: Buffer.alloc(40, 3) };
const cipher = Cipher.create(SECRET);

async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const encrypt = (data: Buffer, size = 1000, name = 'a'): Promise<Buffer> =>
  whole(cipher.encrypt(pieces(data, size), name));
const decrypt = (data: Buffer, size = 1000, name = 'a'): Promise<Buffer> =>
  whole(cipher.decrypt(pieces(data, size), name));

const CHUNK = cipher.encryption.chunkBytes;
const HEADER = 24;
const SEALED = CHUNK + 16;

describe('an encrypted file', () => {
  it('comes back as it was, whatever its size and the pieces that it is read in', async () => {
    const sizes = fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5);
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 7, max: 100_000 }),
        fc.integer({ min: 7, max: 100_000 }),
        async (size, a, b) => {
          const data = Buffer.alloc(size, 'some text, ');
          const sealed = await encrypt(data, a);
          expect(sealed.includes('some text')).toBe(false);
          expect((await decrypt(sealed, b)).equals(data)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is refused when a bit of it is another, or when it is cut off anywhere', async () => {
    const sealed = await encrypt(Buffer.alloc(2 * CHUNK + 100, 1));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), async (at) => {
        const broken = Buffer.from(sealed);
        broken[at] = (broken[at] ?? 0) ^ 16;
        await expect(decrypt(broken, 50_000)).rejects.toThrow(/damaged|not an encrypted file/);
        await expect(decrypt(sealed.subarray(0, at), 50_000)).rejects.toThrow(/damaged|cut off/);
      }),
      { numRuns: 60 },
    );
  });

  it('is refused when it ends between two chunks, when chunks change places, or are there twice', async () => {
    const sealed = await encrypt(Buffer.alloc(3 * CHUNK, 1));
    const chunk = (at: number): Buffer => sealed.subarray(HEADER + at * SEALED, HEADER + (at + 1) * SEALED);
    const header = sealed.subarray(0, HEADER);
    for (const order of [[0, 1], [0], [], [1, 0, 2], [0, 0, 1, 2], [0, 2], [0, 1, 2, 2]])
      await expect(decrypt(Buffer.concat([header, ...order.map(chunk)]))).rejects.toThrow(/damaged|cut off/);
    expect((await decrypt(Buffer.concat([header, chunk(0), chunk(1), chunk(2)]))).length).toBe(3 * CHUNK);
  });

  it('is refused under another name', async () => {
    await expect(decrypt(await encrypt(Buffer.from('x')), 1000, 'b')).rejects.toThrow(/damaged/);
  });

  it('is never the same twice', async () => {
    expect((await encrypt(Buffer.from('x'))).equals(await encrypt(Buffer.from('x')))).toBe(false);
  });
});

describe('a key', () => {
  it.each([
    [2 ** 15, 8, 3, true],
    [2 ** 18, 8, 1, true],
    [2 ** 20, 16, 1, false],
    [2 ** 15, 16, 16, true],
    [2 ** 17, 16, 16, false],
  ])('is made with n %i, r %i and p %i only where that asks for no more than 256 MB and seconds', (n, r, p, taken) => {
    const salt = Buffer.alloc(16).toString('base64');
    const key = { from: 'passphrase', kdf: 'scrypt', n, r, p, salt };
    const encryption = { cipher: 'aes-256-gcm', chunkBytes: 65_536, key, check: salt };
    expect(v.safeParse(ENCRYPTION, encryption).success).toBe(taken);
  });

  it('comes of a passphrase by scrypt, and of a key file by HKDF; each opens only its own', () => {
    const phrase: Secret = { kind: 'passphrase', text: 'caf\u00e9' };
    const { encryption } = Cipher.create(phrase);
    expect(encryption.key).toMatchObject({ from: 'passphrase', kdf: 'scrypt', n: 32_768, r: 8, p: 3 });
    expect(JSON.stringify(encryption)).not.toContain('caf');
    // The same text, composed differently by another keyboard.
    expect(() => Cipher.open({ kind: 'passphrase', text: 'cafe\u0301' }, encryption)).not.toThrow();
    for (const wrong of [{ kind: 'passphrase', text: 'cafe' }, SECRET] as const)
      expect(() => Cipher.open(wrong, encryption)).toThrow(expect.objectContaining({ code: 'ARCHIVE_LOCKED' }));
    expect(() => Cipher.open(SECRET, cipher.encryption)).not.toThrow();
    for (const wrong of [{ kind: 'keyFile', bytes: Buffer.alloc(40, 4) }, phrase] as const)
      expect(() => Cipher.open(wrong, cipher.encryption)).toThrow(expect.objectContaining({ code: 'ARCHIVE_LOCKED' }));
  });

  it('hides short texts, and refuses them when they were changed', () => {
    const hidden = cipher.hide('{"session_id":{"S":"x"}}');
    expect(hidden).not.toContain('session');
    expect(cipher.reveal(hidden)).toBe('{"session_id":{"S":"x"}}');
    expect(() => cipher.reveal(`A${hidden.slice(1)}`)).toThrow();
  });
});
