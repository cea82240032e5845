import { describe, expect, it } from 'vitest';
import { CliError } from '../src/errors.js';

describe('CliError', () => {
  it('takes its exit code from its code', () => {
    expect(new CliError('USAGE', 'x').exitCode).toBe(2);
    expect(new CliError('NOT_CONFIRMED', 'x').exitCode).toBe(4);
    expect(new CliError('ACCESS_DENIED', 'x').exitCode).toBe(1);
  });
});
