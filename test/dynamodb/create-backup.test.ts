import { describe, expect, it } from 'vitest';
import { createBackup, listBackups } from '../../src/dynamodb/backups.js';
import { closeAll, contextFor, startDouble } from '../operations/harness.js';
import { useEngine } from '../support/engine.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { numbered, tableOf } from './delete-harness.js';

closeAll();
const engine = useEngine();

describe('createBackup', () => {
  it.each(['reset-after', 'reset-before', 'half-body', 'server-error'] as const)(
    'makes one backup, and not two, where the answer is lost: %s',
    async (kind) => {
      const { double } = await startDouble(engine.endpoint);
      const table = await tableOf(engine.raw, numbered(1));
      const operations = /^CreateBackup$/;
      const options = { engineEndpoint: double.endpoint, seed: 3, rate: 0.8, kinds: [kind], operations };
      const proxy = await startFaultProxy(options);
      try {
        const { dynamo } = contextFor(proxy.endpoint);
        const made = await createBackup(dynamo, table, `${table}-backup-1`).catch(() => null);
        const listed = await listBackups(dynamo, table);
        expect(proxy.injected.length).toBeGreaterThan(0);
        expect(listed.length).toBeLessThanOrEqual(1);
        if (made !== null) expect(listed.map(({ arn }) => arn)).toEqual([made.arn]);
      } finally {
        await proxy.stop();
      }
    },
    30_000,
  );
});
