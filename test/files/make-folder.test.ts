import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.js';
import { tempFolder } from '../support/cli.js';

describe('makeFolder', () => {
  it('makes what is missing above it too, for its owner alone, and says whether it was there', () => {
    const above = path.join(tempFolder(), 'a');
    const folder = path.join(above, 'b', 'c');
    expect(makeFolder(folder)).toBe(true);
    expect([above, folder].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
    expect(makeFolder(folder)).toBe(false);
  });

  it('is refused where a file is in its way', () => {
    const file = path.join(tempFolder(), 'file');
    writeFileSync(file, '');
    expect(() => makeFolder(file)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(() => makeFolder(path.join(file, 'below'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  it.runIf(process.platform === 'linux')('returns where no folder can be made at all', () => {
    expect(() => makeFolder('/proc/no/such')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
