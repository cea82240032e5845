import path from 'node:path';
import { CliError } from '../errors.js';

/**
 * A place in S3 as `s3://…` when that is what a text means; null for any other text. Throws USAGE for what begins like
 * one and is none: nobody means a folder of the name `s3:`.
 */
export function s3Url(text: string): string | null {
  if (!/^s3:/i.test(text)) return null;
  if (!/^s3:\/\/[^/]/i.test(text))
    throw new CliError('USAGE', `'${text}' is not a place in S3`, { hint: 'write s3://bucket or s3://bucket/prefix' });
  return `s3${text.slice(2)}`;
}

/** The file with the settings of backups that was named with --record, as a path. Throws USAGE for a place in S3. */
export function recordPath(cwd: string, record: string): string {
  if (/^s3:/i.test(record))
    throw new CliError(
      'USAGE',
      `--record '${record}' is a place in S3: settings are written to a file and read from one`,
      {
        hint: `name a file, and copy it: \`aws s3 cp <file> s3://…\` after a backup, \`aws s3 cp s3://… <file>\` before a restore`,
      },
    );
  return path.resolve(cwd, record);
}
