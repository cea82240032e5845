import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CliError } from '../errors.js';
import { parseWireItem, type WireItem } from '../schema/index.js';
import type { Cipher } from './cipher.js';
import { damaged, diskError } from './disk.js';
import { repeatedName } from './repeated-name.js';
import { requireShape } from './shape.js';

/**
 * Bytes of a line at the most. An item has 400 KB; as JSON it takes up to eight times that (a NULL of two bytes is
 * `{"NULL":true}`).
 */
const LONGEST_LINE = 8 * 1024 * 1024;
const CHUNK = { chunkSize: 256 * 1024 };

/** A data file to be read. */
export interface Source {
  /** Where it is. */
  readonly file: string;
  /** Its name in the archive, to which its encryption is bound. */
  readonly name: string;
  readonly items: number;
  /** Text in it; null where nobody has said. */
  readonly rawBytes: number | null;
}

/** Some lines that follow each other; `first` counts from 1. */
interface Lines {
  readonly first: number;
  readonly texts: readonly string[];
}

/**
 * The lines of a data file, decrypted and unpacked piece by piece. A file that unpacks to more than was said of it is
 * given up there, as is a line that is longer than any item. Lines end with \n alone: JSON may have U+2028 in it.
 */
async function* linesOf(source: Source, cipher: Cipher | null): AsyncGenerator<Lines> {
  const { file, name, rawBytes } = source;
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 });
  const plain = cipher === null ? raw : Readable.from(cipher.decrypt(raw, name), { objectMode: false });
  const gunzip = createGunzip(CHUNK);
  const fail = (error: Error): void => void gunzip.destroy(error);
  raw.on('error', fail);
  plain.on('error', fail);
  plain.pipe(gunzip);
  const unpacked: AsyncIterable<Buffer> = gunzip;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let seen = 0;
  let line = 1;
  try {
    for await (const chunk of unpacked) {
      seen += chunk.length;
      if (rawBytes !== null && seen > rawBytes)
        throw damaged(file, line, `unpacks to more than the ${rawBytes} bytes that it should have`);
      const end = chunk.lastIndexOf(10);
      if (end < 0) {
        held.push(chunk);
        heldBytes += chunk.length;
        if (heldBytes > LONGEST_LINE) throw damaged(file, line, 'is longer than any item');
        continue;
      }
      const texts = textsOf(file, line, [...held, chunk.subarray(0, end)]);
      yield { first: line, texts };
      line += texts.length;
      held = [chunk.subarray(end + 1)];
      heldBytes = chunk.length - end - 1;
    }
  } catch (error) {
    throw readError(error, file, line);
  } finally {
    raw.destroy();
    plain.destroy();
    gunzip.destroy();
  }
  // Other writers leave out the last line feed; that a file was cut off shows in its checksum.
  if (heldBytes > 0) yield { first: line, texts: textsOf(file, line, held) };
  if (rawBytes !== null && seen !== rawBytes)
    throw damaged(file, line, `unpacks to ${seen} bytes in place of ${rawBytes}`);
}

function textsOf(file: string, first: number, pieces: readonly Buffer[]): readonly string[] {
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes)) throw damaged(file, first + linesBeforeInvalid(bytes), 'is no UTF-8');
  const texts = bytes.toString('utf8').split('\n');
  const tooLong = texts.findIndex((text) => text.length > LONGEST_LINE);
  if (tooLong >= 0) throw damaged(file, first + tooLong, 'is longer than any item');
  return texts;
}

function linesBeforeInvalid(bytes: Buffer): number {
  let line = 0;
  for (let start = 0, end = bytes.indexOf(10); end >= 0; start = end + 1, end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line;
    line += 1;
  }
  return line;
}

/** What the disk says is told as that; what unpacking and decrypting say is damage. */
function readError(error: unknown, file: string, line: number): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code !== 'string') return damaged(file, line, error.message);
  return code.startsWith('Z_')
    ? damaged(file, line, `is not as gzip wrote it: ${error.message}`)
    : diskError(error, 'read', file);
}

/** An item and where it stands. */
export interface ArchivedItem {
  /** From 1. */
  readonly line: number;
  readonly item: WireItem;
  /** Characters of its line. */
  readonly length: number;
}

/**
 * The items of a data file, some at a time; throws ARCHIVE_INVALID with the line that is none, or is one too many. With
 * `strict` also where a name is there twice in one object: who reads a file for the second time need not look again.
 */
export async function* itemsOf(
  source: Source,
  cipher: Cipher | null,
  strict = false,
): AsyncGenerator<readonly ArchivedItem[]> {
  let count = 0;
  for await (const { first, texts } of linesOf(source, cipher)) {
    count += texts.length;
    if (count > source.items)
      throw damaged(source.file, source.items + 1, `is more than the ${source.items} items that there should be`);
    yield texts.map((text, at) => ({
      line: first + at,
      item: itemIn(text, source.file, first + at, strict),
      length: text.length,
    }));
  }
  if (count !== source.items)
    throw damaged(source.file, count + 1, `is missing: there should be ${source.items} items`);
}

function itemIn(text: string, file: string, line: number, strict: boolean): WireItem {
  requireShape(text, 'item', file, line);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would hold a piece of the item.
    throw damaged(file, line, 'is no JSON');
  }
  // The name itself may be as secret as the item.
  if (strict && repeatedName(text) !== null) throw damaged(file, line, 'has a name twice in one object');
  const item: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'Item') : undefined;
  const parsed = parseWireItem(item);
  if (!parsed.ok) throw damaged(file, line, item === undefined ? 'has no Item' : parsed.reason);
  return parsed.item;
}
