import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../errors.js';

/**
 * Makes a folder, and those above it, for their owner alone; true when it was not there. Node's own recursive mkdir never
 * returns where mkdir says ENOENT for good, as in /proc. Throws what the file system says.
 */
export function makeFolder(folder: string, mayTryAgain = true): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && statSync(folder).isDirectory()) return false;
    if (errorCode(error) !== 'ENOENT' || !mayTryAgain || folder === dirname(folder)) throw error;
  }
  makeFolder(dirname(folder));
  return makeFolder(folder, false);
}
