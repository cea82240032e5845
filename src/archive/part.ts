import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { createGzip, type Gzip } from 'node:zlib';
import { syncFolder } from '../files/sync-folder.js';
import type { Cipher } from './cipher.js';
import { diskError, PRIVATE_FILE } from './disk.js';
import type { DataFile } from './format.js';

/** Of session rows a higher level takes 3 % off the size, and up to twice the time. */
const GZIP_LEVEL = 3;
/** Text that waits for compression: a page is compressed while the next one is read. */
const ROOM_BYTES = 1024 * 1024;
const GZIP = { level: GZIP_LEVEL, highWaterMark: ROOM_BYTES };

/** One data file as it is written: compressed in Node's pool of threads, then encrypted if so wanted, then summed. */
export class PartWriter {
  readonly #file: string;
  readonly #name: string;
  readonly #handle: FileHandle;
  readonly #gzip: Gzip;
  readonly #written: Promise<void>;
  readonly #sha256 = createHash('sha256');
  readonly #md5 = createHash('md5');
  #failure: unknown;
  #items = 0;
  #bytes = 0;
  #rawBytes = 0;

  private constructor(file: string, name: string, handle: FileHandle, cipher: Cipher | null) {
    this.#file = file;
    this.#name = name;
    this.#handle = handle;
    this.#gzip = createGzip(GZIP);
    // Read as it comes, so that nobody waits for a reader that has failed.
    this.#written = this.#write(cipher).catch((error: unknown) => {
      this.#failure = diskError(error, 'write', file);
      this.#gzip.destroy();
    });
  }

  /** `name` is the file's path below the archive; there must be no such file. */
  static async open(root: string, name: string, cipher: Cipher | null): Promise<PartWriter> {
    const file = path.join(root, name);
    try {
      return new PartWriter(file, name, await open(file, 'wx', PRIVATE_FILE), cipher);
    } catch (error) {
      throw diskError(error, 'write', file);
    }
  }

  get rawBytes(): number {
    return this.#rawBytes;
  }

  /** Takes lines, each with its line feed, and waits while there is no room for more. */
  async write(lines: string, items: number): Promise<void> {
    this.#throwFailure();
    const bytes = Buffer.from(lines);
    this.#items += items;
    this.#rawBytes += bytes.length;
    if (!this.#gzip.write(bytes)) await this.#drained();
    this.#throwFailure();
  }

  /** Ends the file; it is on the disk when this returns. */
  async finish(): Promise<DataFile> {
    this.#gzip.end();
    await this.#written;
    try {
      this.#throwFailure();
      await this.#handle.sync();
    } catch (error) {
      throw diskError(error, 'write', this.#file);
    } finally {
      await this.#handle.close();
    }
    syncFolder(path.dirname(this.#file));
    return {
      path: this.#name,
      items: this.#items,
      bytes: this.#bytes,
      rawBytes: this.#rawBytes,
      sha256: this.#sha256.digest('hex'),
      md5: this.#md5.digest('base64'),
    };
  }

  /** Gives the file up, and removes it. */
  async abandon(): Promise<void> {
    this.#gzip.destroy();
    await this.#written;
    await this.#handle.close().catch(() => {});
    rmSync(this.#file, { force: true });
  }

  async #write(cipher: Cipher | null): Promise<void> {
    const compressed: AsyncIterable<Buffer> = this.#gzip;
    for await (const chunk of cipher === null ? compressed : cipher.encrypt(compressed, this.#name)) {
      this.#sha256.update(chunk);
      this.#md5.update(chunk);
      await this.#handle.writeFile(chunk);
      this.#bytes += chunk.length;
    }
  }

  #drained(): Promise<void> {
    const gzip = this.#gzip;
    return new Promise((resolve) => {
      const done = (): void => {
        gzip.removeListener('drain', done);
        gzip.removeListener('close', done);
        resolve();
      };
      gzip.once('drain', done);
      gzip.once('close', done);
    });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
