import { describeTable } from '../../dynamodb/describe.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';
import type { InPlaceState, InPlaceTable } from './in-place-state.js';
import { alarmsOn, readAlarms } from '../tables/alarms.js';
import { readRecord } from '../tables/put-back.js';
import type { RestorePlan } from './from-backup.js';

/** What a restore in place begins with. Throws unless every table is there, and may be deleted. */
export async function planInPlace(
  context: OperationContext,
  { tasks }: RestorePlan,
  { forceUnprotect }: { readonly forceUnprotect: boolean },
): Promise<InPlaceState> {
  const tables: InPlaceTable[] = [];
  const all = await readAlarms(context);
  for (const { table, role, layout, source, settings } of tasks) {
    if (source.kind !== 'backup')
      throw new CliError('USAGE', '--in-place needs a backup of AWS: recovery points go with their table', {
        hint: 'restore it into a new table with --to-table, and look at it before you replace anything',
      });
    const now = await describeTable(context.dynamo, table);
    const record = await readRecord(context, { name: table, role, layout: layout.id });
    if (now === null || record === null)
      throw new CliError('TABLE_NOT_FOUND', `table '${table}' does not exist: there is nothing to replace`, {
        hint: 'without --in-place it is restored under its own name',
      });
    if (now.deletionProtection && !forceUnprotect)
      throw new CliError('TABLE_BLOCKED', `table '${table}' is protected against deletion`, {
        hint: 'give --force-unprotect to turn the protection off; the restored table gets it again',
      });
    if (now.replicas.length > 0)
      throw new CliError('TABLE_BLOCKED', `table '${table}' has replicas, which would not be restored`, {
        hint: 'restore into a new table with --to-table',
      });
    const base = { table, role, sourceArn: source.backup.arn, createdAt: now.createdAt };
    const kept = settings.record ?? record;
    const alarms = all === null ? kept.alarms : alarmsOn(all, table);
    tables.push({ ...base, record: { ...kept, alarms }, safety: null, stage: 'planned' });
  }
  return { version: 1, tables };
}
