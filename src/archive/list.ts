import path from 'node:path';
import type { TableRole } from '../schema/index.js';
import type { Cipher } from './cipher.js';
import { sha256, writeWhole } from './disk.js';
import {
  type ArchivedTable,
  type ArchiveList,
  type DataFile,
  LIST,
  LIST_SEAL,
  LIST_SUM,
  manifestsOf,
  sumOf,
} from './format.js';
import type { Started, StartedTable } from './journal.js';

/** What is known of an archive at its end. */
export interface ListFacts {
  /** Name and version of the writer. */
  readonly tool: string;
  readonly filter: unknown;
  /** ISO 8601. */
  readonly endedAt: string;
}

interface Written {
  readonly root: string;
  readonly started: Started;
  readonly cipher: Cipher | null;
  readonly filesOf: (role: TableRole) => readonly DataFile[];
}

/** Writes the manifests of each table, the sums, and last the list of all: from there on the folder is an archive. */
export function writeList(written: Written, facts: ListFacts): ArchiveList {
  const { root, started, cipher } = written;
  const { id, startedAt, encryption, tables } = started;
  const list: ArchiveList = {
    format: 'mcp-sessions archive',
    version: 1,
    ...facts,
    id,
    startedAt,
    encryption,
    tables: tables.map((table) => writeManifests(written, table, facts.endedAt)),
  };
  const text = `${JSON.stringify(list, null, 1)}\n`;
  writeWhole(path.join(root, LIST_SUM), `${sha256(text)}  ${LIST}\n`);
  if (cipher !== null) writeWhole(path.join(root, LIST_SEAL), `${cipher.seal(text)}\n`);
  writeWhole(path.join(root, LIST), text);
  return list;
}

function writeManifests(
  { root, started: { startedAt }, filesOf }: Written,
  { record, arn, folder }: StartedTable,
  endedAt: string,
): ArchivedTable {
  const files = filesOf(record.role).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const manifests = Object.entries(manifestsOf({ record, arn, folder, startedAt, endedAt, files })).map(
    ([name, text]) => {
      writeWhole(path.join(root, folder, name), text);
      return { path: `${folder}/${name}`, bytes: Buffer.byteLength(text), sha256: sha256(text) };
    },
  );
  const items = files.reduce((total, file) => total + file.items, 0);
  return { record, arn, items, sha256: sumOf(files), files, manifests };
}
