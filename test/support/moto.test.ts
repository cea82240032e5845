import { describe, expect, it, vi } from 'vitest';
import { rawClient } from './engine.js';
import { startMoto } from './moto.js';

describe('startMoto', () => {
  it('answers as DynamoDB where it is installed', async ({ skip }) => {
    const moto = await startMoto();
    skip(moto === null, 'moto_server is not installed');
    if (moto === null) return;
    try {
      expect(await rawClient(moto.endpoint).call('ListTables')).toEqual({ TableNames: [] });
    } finally {
      await moto.stop();
    }
  });

  it('gives null where it is not', async () => {
    vi.stubEnv('PATH', '');
    const moto = await startMoto();
    vi.unstubAllEnvs();
    expect(moto).toBeNull();
  });
});
