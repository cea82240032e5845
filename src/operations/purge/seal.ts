import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;

/** No number is used twice with one key, so it serves as the nonce. */
function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

/**
 * Hides text in a file from all but the process that wrote it: its key is never written down. Each piece has a number of
 * its own.
 */
export class Seal {
  readonly #key = randomBytes(32);

  close(text: string, number: number): string {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(number), { authTagLength: TAG_BYTES });
    return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** The text, or null where another process has written it, or it is damaged. */
  open(sealed: string, number: number): string | null {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(number), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}
