import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLACEHOLDER_CREDENTIALS } from '../../src/dynamodb/client.js';
import { deleteBackups } from '../../src/operations/backup-delete.js';
import { createBackups } from '../../src/operations/backup-create.js';
import { findBackups, listTableBackups } from '../../src/operations/backup-list.js';
import { planRestore, requireFreeTargets, restoreBackups } from '../../src/operations/restore-backup.js';
import { planInPlace } from '../../src/operations/in-place-plan.js';
import { restoreInPlace } from '../../src/operations/restore-in-place.js';
import { seed } from '../../src/operations/seed.js';
import { rawClient } from '../support/engine.js';
import { type Moto, startMoto } from '../support/moto.js';
import { FIRST, freshFolder, removeFolders, restoreOf, settingsOf } from './backup-harness.js';
import { closeAll, contextFor, freshName, setUp, targetOf } from './harness.js';

closeAll();
removeFolders();
let moto: Moto | null = null;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(async () => {
  await moto?.stop();
});

/** An alarm on a table. */
async function putAlarm(endpoint: string, name: string, table: string): Promise<void> {
  const client = new CloudWatchClient({ region: 'eu-west-1', endpoint, credentials: PLACEHOLDER_CREDENTIALS });
  await client.send(
    new PutMetricAlarmCommand({
      AlarmName: name,
      Namespace: 'AWS/DynamoDB',
      MetricName: 'ThrottledRequests',
      Dimensions: [{ Name: 'TableName', Value: table }],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
  client.destroy();
}

/** A second implementation of backups and restores, written by others. */
describe('backups on moto', () => {
  it('are made, found, restored beside and in place, and deleted', async ({ skip }) => {
    if (moto === null) return skip('moto_server is not installed');
    const context = contextFor(moto.endpoint);
    const raw = rawClient(moto.endpoint);
    const sessions = freshName('moto-backup');
    const names = { sessions, events: `${sessions}-events` };
    // Once it was off, moto takes no stream any more: it has none here.
    const overrides = { tags: { Owner: 'agents' }, pointInTimeRecovery: true, stream: false } as const;
    await setUp(context, { ...names, overrides });
    const target = await targetOf(context, names);
    await seed(context, target, { count: 30, events: 1, expired: 0.5, randomSeed: 1 });
    const alarms = [`${sessions}-throttled`];
    await putAlarm(moto.endpoint, alarms[0] ?? '', sessions);
    const folder = freshFolder();
    const tables = [
      { name: names.sessions, role: 'sessions' },
      { name: names.events, role: 'events' },
    ] as const;
    const made = await createBackups(context, {
      tables,
      layout: 'mcp',
      at: FIRST,
      wait: true,
      timeoutMs: 10_000,
      records: { folder },
    });
    expect(made.backups.map((each) => [each.outcome, each.alarms])).toEqual([
      ['done', alarms],
      ['done', []],
    ]);
    const all = Object.values(names);
    expect(await findBackups(context, all, 'latest')).toHaveLength(2);

    const beside = restoreOf({ folder }, { targets: { sessions: `${sessions}-copy` } });
    const plan = await planRestore(context, target, beside);
    expect((await requireFreeTargets(context, plan)).size).toBe(0);
    const { tables: restored } = await restoreBackups(context, plan, new Set());
    expect(restored).toMatchObject([
      { outcome: 'done', items: 30, expiredItems: 15, alarms },
      { outcome: 'done', items: 30 },
    ]);
    for (const one of restored)
      expect(await settingsOf({ context }, one.target)).toEqual(await settingsOf({ context }, one.source));

    await raw.call('PutItem', { TableName: sessions, Item: { session_id: { S: 'later' } } });
    const inPlace = await planRestore(context, target, restoreOf({ folder }, { inPlace: true, withoutEvents: true }));
    const state = await planInPlace(context, inPlace, { forceUnprotect: false });
    const options = { settle: false, timeoutMs: 10_000, forceUnprotect: false, recordFolder: folder, save: () => {} };
    const replaced = await restoreInPlace(context, inPlace, state, options);
    expect(replaced.tables).toMatchObject([{ target: sessions, outcome: 'done', items: 30 }]);

    const backups = await listTableBackups(context, all);
    const own = backups.filter(({ type }) => type === 'USER');
    const deleted = await deleteBackups(context, own, folder);
    expect(deleted.backups.every(({ outcome }) => outcome === 'deleted')).toBe(true);
  });
});
