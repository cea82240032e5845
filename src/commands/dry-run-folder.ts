import { accessSync, constants, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

function canWrite(folder: string): boolean {
  try {
    accessSync(existsSync(folder) ? folder : path.dirname(folder), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A new folder among the temporary ones, where `folder` cannot be written: what changes nothing need not be able to.
 * null where it can be, or where no other can be made either.
 */
export function temporaryInPlaceOf(folder: string): string | null {
  if (canWrite(folder)) return null;
  try {
    return mkdtempSync(path.join(tmpdir(), 'mcp-sessions-'));
  } catch {
    return null;
  }
}
