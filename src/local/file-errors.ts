import { CliError, errorCode } from '../errors.js';

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'Check the permissions of the file and its folder, or choose another file: --local <file>.',
  EPERM: 'Check the permissions of the file and its folder, or choose another file: --local <file>.',
  EROFS: 'The file system is read-only. Choose another file: --local <file>.',
  ENOSPC: 'The disk is full. Free some space, or choose a file elsewhere: --local <file>.',
  EDQUOT: 'Your disk quota is used up. Free some space, or choose a file elsewhere: --local <file>.',
  ENOTDIR: 'A part of the path is a file, not a folder. Choose another path: --local <file>.',
  EEXIST: 'A part of the path is a file, not a folder. Choose another path: --local <file>.',
  EISDIR: 'It is a folder. Name a file in it: --local <folder>/local.db.',
  ENAMETOOLONG: 'The path is too long. Choose a shorter one: --local <file>.',
};

/** Turns a failed file operation into FILE_ERROR that names the path and the cure; CliErrors pass unchanged. */
export function fileError(error: unknown, path: string, action: string): CliError {
  if (error instanceof CliError) return error;
  const code = errorCode(error);
  const why = code === '' ? String(error) : code;
  return new CliError('FILE_ERROR', `cannot ${action} '${path}': ${why}`, {
    hint: CURES[code] ?? 'Check the path, or choose another file: --local <file>.',
    cause: error,
  });
}
