import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes names that were given or taken in a folder last through a loss of power; where that cannot be asked, nothing. */
export function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows has no such thing for folders.
  }
}
