import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';
import * as v from 'valibot';
import { CliError } from '../errors.js';

/** What opens an encrypted archive. */
export type Secret =
  | { readonly kind: 'passphrase'; readonly text: string }
  /** The content of a key file, 32 bytes or more. */
  | { readonly kind: 'keyFile'; readonly bytes: Buffer };

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
export const LEAST_KEY_FILE_BYTES = 32;

const power = v.pipe(
  v.number(),
  v.check((n) => Number.isInteger(Math.log2(n)) && n >= 2 ** 14 && n <= 2 ** 20, 'is no cost of scrypt'),
);
const small = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16));
const base64 = v.pipe(v.string(), v.base64());
/** What a passphrase may cost at the most, whatever an archive says: 256 MB, and some five seconds of a processor. */
const MOST_MEMORY = 2 ** 28;
const MOST_WORK = 2 ** 24;

/** How an archive is encrypted, as `archive.json` says it; no secret is in it. */
export const ENCRYPTION = v.object({
  cipher: v.literal('aes-256-gcm'),
  chunkBytes: v.pipe(v.number(), v.integer(), v.minValue(1024), v.maxValue(1024 * 1024)),
  key: v.pipe(
    v.variant('from', [
      v.object({ from: v.literal('passphrase'), kdf: v.literal('scrypt'), n: power, r: small, p: small, salt: base64 }),
      v.object({ from: v.literal('keyFile'), kdf: v.literal('hkdf-sha256'), salt: base64 }),
    ]),
    v.check(
      (key) => key.from === 'keyFile' || (128 * key.n * key.r <= MOST_MEMORY && key.n * key.r * key.p <= MOST_WORK),
      'asks for more memory or time than a passphrase needs',
    ),
  ),
  /** Tells a wrong key from a damaged archive. */
  check: base64,
});

export type Encryption = v.InferOutput<typeof ENCRYPTION>;

const derive = (key: Buffer, salt: Buffer, purpose: string, bytes = KEY_BYTES): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, `mcp-sessions ${purpose}`, bytes));

function masterKey(secret: Secret, key: Encryption['key']): Buffer {
  const salt = Buffer.from(key.salt, 'base64');
  if (key.from === 'passphrase' && secret.kind === 'passphrase') {
    const { n: N, r, p } = key;
    return scryptSync(secret.text.normalize('NFC'), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r });
  }
  if (key.from === 'keyFile' && secret.kind === 'keyFile') return derive(secret.bytes, salt, 'key file');
  throw new CliError(
    'ARCHIVE_LOCKED',
    `the archive was encrypted with a ${key.from === 'passphrase' ? 'passphrase' : 'key file'}`,
    { hint: key.from === 'passphrase' ? 'give --passphrase-file' : 'give --key-file' },
  );
}

/** scrypt's cost: 32 MB and about a quarter of a second. */
const SCRYPT = { n: 2 ** 15, r: 8, p: 3 } as const;
const CHUNK_BYTES = 65_536;
const MAGIC = Buffer.from('MCPSENC1');

/** Encrypts and decrypts an archive's files, and seals its list of them. */
export class Cipher {
  readonly encryption: Encryption;
  readonly #master: Buffer;

  private constructor(encryption: Encryption, master: Buffer) {
    this.encryption = encryption;
    this.#master = master;
  }

  /** A new key, with a salt of its own. */
  static create(secret: Secret): Cipher {
    const salt = randomBytes(SALT_BYTES).toString('base64');
    const key: Encryption['key'] =
      secret.kind === 'passphrase'
        ? { from: 'passphrase', kdf: 'scrypt', ...SCRYPT, salt }
        : { from: 'keyFile', kdf: 'hkdf-sha256', salt };
    const master = masterKey(secret, key);
    const check = checkOf(master).toString('base64');
    return new Cipher({ cipher: 'aes-256-gcm', chunkBytes: CHUNK_BYTES, key, check }, master);
  }

  /** Throws ARCHIVE_LOCKED when the secret is not the one that the archive was written with. */
  static open(secret: Secret, encryption: Encryption): Cipher {
    const master = masterKey(secret, encryption.key);
    const expected = Buffer.from(encryption.check, 'base64');
    const check = checkOf(master);
    if (expected.length !== check.length || !timingSafeEqual(expected, check))
      throw new CliError('ARCHIVE_LOCKED', `the ${secret.kind === 'passphrase' ? 'passphrase' : 'key file'} is wrong`, {
        hint: 'nothing was read: try again with the right one',
      });
    return new Cipher(encryption, master);
  }

  /**
   * Encrypts a file's bytes: a header with a salt, then chunks, each authenticated under its number, the last one marked.
   * The key is bound to the file's name, so that files cannot stand in for each other.
   */
  async *encrypt(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
    const salt = randomBytes(SALT_BYTES);
    const key = derive(this.#master, salt, `file ${name}`);
    yield Buffer.concat([MAGIC, salt]);
    let number = 0;
    // One chunk is held back: the last one is not known to be it before the end.
    for await (const { bytes, isLast } of chunksOf(source, this.encryption.chunkBytes)) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number, isLast));
      yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
      number += 1;
    }
  }

  /** Decrypts a file's bytes; throws an Error that says what is wrong. Nothing is given out that was not authenticated. */
  async *decrypt(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
    let key: Buffer | undefined;
    let number = 0;
    const header = MAGIC.length + SALT_BYTES;
    for await (const { bytes, isLast } of chunksOf(source, this.encryption.chunkBytes + TAG_BYTES, header)) {
      if (key === undefined) {
        if (bytes.length !== header || !bytes.subarray(0, MAGIC.length).equals(MAGIC) || isLast)
          throw new Error('is not an encrypted file of an archive, or was cut off');
        key = derive(this.#master, bytes.subarray(MAGIC.length), `file ${name}`);
        continue;
      }
      if (bytes.length < TAG_BYTES) throw new Error('was cut off');
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number, isLast), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      yield decipherChunk(decipher, bytes.subarray(0, bytes.length - TAG_BYTES), number);
      number += 1;
    }
  }

  /** A keyed checksum of the list of files: nobody without the key can leave one out. */
  seal(text: string | Buffer): string {
    return createHmac('sha256', derive(this.#master, Buffer.alloc(0), 'seal'))
      .update(text)
      .digest('hex');
  }

  /** A short text, such as a key of the table in the journal of an archive that is not finished. */
  hide(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', derive(this.#master, nonce, 'journal'), nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  reveal(hidden: string): string {
    const bytes = Buffer.from(hidden, 'base64');
    const nonce = bytes.subarray(0, 12);
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', derive(this.#master, nonce, 'journal'), nonce);
    decipher.setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(12, end)), decipher.final()]).toString('utf8');
  }
}

const checkOf = (master: Buffer): Buffer => derive(master, Buffer.alloc(0), 'check', 16);

/** Never the same twice under one key: the chunk's number, and whether it is the last. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt8(isLast ? 1 : 0, 0);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

function decipherChunk(decipher: ReturnType<typeof createDecipheriv>, bytes: Buffer, number: number): Buffer {
  try {
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    throw new Error(`is damaged, reordered or cut off at its chunk ${number + 1}`);
  }
}

/** Bytes in chunks of one size, the first of another size if so wanted, the last as it comes; at least one. */
async function* chunksOf(
  source: AsyncIterable<Buffer>,
  size: number,
  firstSize = size,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let held: Buffer[] = [];
  let length = 0;
  let wanted = firstSize;
  for await (const piece of source) {
    held.push(piece);
    length += piece.length;
    // More than one chunk: what follows the first shows that it is not the last.
    if (length <= wanted) continue;
    let all = Buffer.concat(held);
    while (all.length > wanted) {
      yield { bytes: all.subarray(0, wanted), isLast: false };
      all = all.subarray(wanted);
      wanted = size;
    }
    held = [all];
    length = all.length;
  }
  yield { bytes: Buffer.concat(held), isLast: true };
}
