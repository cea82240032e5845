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
