import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RestoreJournal } from '../../../src/operations/restore/journal.js';
import { tempFolder } from '../../support/cli.js';

const BEGUN = { choice: 'all', command: 'mcp-sessions restore', created: ['t'] };

function begun(): { readonly file: string; readonly read: () => RestoreJournal | null } {
  const file = path.join(tempFolder(), 'restore-x.jsonl');
  const journal = RestoreJournal.begin(file, BEGUN);
  journal.note('sessions', 0, { lines: 1000, skipped: 2 });
  return { file, read: () => RestoreJournal.read(file) };
}

describe('RestoreJournal', () => {
  it('is read as it was written, without a line that a kill -9 has torn', () => {
    const { file, read } = begun();
    appendFileSync(file, '["sessions",0,20');
    expect(read()?.begun).toEqual(BEGUN);
    expect(read()?.of('sessions', 0)).toEqual({ lines: 1000, skipped: 2 });
  });

  it('of another release is refused, and so is one that a disk has spoilt', () => {
    const { file, read } = begun();
    const text = readFileSync(file, 'utf8');
    for (const other of [
      text.replace('"version":1', '"version":2'),
      text.replace('"version":1,', ''),
      `${text}\0\0\n`,
    ]) {
      writeFileSync(file, other);
      expect(read).toThrow(expect.objectContaining({ code: 'FILE_ERROR' }));
    }
  });
});
