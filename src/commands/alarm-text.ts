import type { Page } from '../output/page.js';

const unread = (page: Page, table: string): string =>
  page.note(`alarms on ${table} not read (cloudwatch:DescribeAlarms)`);

/** The alarms on a table that was backed up; `alarms` is null where they could not be read. */
export function recordedAlarms(page: Page, table: string, alarms: readonly string[] | null): readonly string[] {
  if (alarms === null) return [unread(page, table)];
  return alarms.length === 0 ? [] : [page.note(`alarms on ${table}, recorded by name: ${alarms.join(', ')}`)];
}

interface Restored {
  readonly source: string;
  readonly target: string;
  readonly alarms?: readonly string[] | null;
}

/** The alarms that watch what was restored by its old name; left out where there were none to be asked for. */
export function alarmsToSetUp(page: Page, { source, target, alarms }: Restored): readonly string[] {
  if (alarms === undefined) return [];
  if (alarms === null) return [unread(page, source)];
  if (alarms.length === 0) return [];
  const names = alarms.join(', ');
  return source === target
    ? [page.note(`alarms watch ${target} by its name, and go on: ${names}`)]
    : [page.warn(`alarms that watch ${source}, and not ${target}: ${names}`)];
}
