import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { identify } from '../../../src/files/processes.js';
import { purgeFiles } from '../../../src/operations/purge/files.js';
import { lockPurge } from '../../../src/operations/purge/lock.js';
import { tempFolder } from '../../support/cli.js';

describe('the lock of a purge', () => {
  it('is private, lets nobody else in, and is gone when it was given back', () => {
    const files = purgeFiles(path.join(tempFolder(), 'new'), 'test');
    const unlock = lockPurge(files);
    expect(statSync(files.lock).mode & 0o077).toBe(0);
    expect(() => lockPurge(files)).toThrow(
      expect.objectContaining({
        code: 'PURGE_RUNNING',
        message: expect.stringContaining(`process ${process.pid}`),
      }),
    );
    unlock();
    expect(existsSync(files.lock)).toBe(false);
    lockPurge(files)();
  });

  it('of a process that is gone is taken over', () => {
    const files = purgeFiles(tempFolder(), 'test');
    const owner = { ...identify(process.pid), start: '1' };
    const record = { version: 1, token: '0123456789abcdef', owner, label: '', since: '', socket: null, patienceMs: 0 };
    writeFileSync(files.lock, JSON.stringify({ ...record, engine: null }));
    const unlock = lockPurge(files);
    expect(() => lockPurge(files)).toThrow(expect.objectContaining({ code: 'PURGE_RUNNING' }));
    unlock();
  });

  it('says where it cannot be', () => {
    expect(() => lockPurge(purgeFiles('/dev/null/x', 'test'))).toThrow(
      expect.objectContaining({ code: 'FILE_ERROR', hint: expect.stringContaining('--checkpoint') }),
    );
  });
});
