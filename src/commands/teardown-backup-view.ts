import type { KnownArchive } from '../operations/archive/archived.js';
import type { StepResult } from '../operations/teardown/teardown.js';
import type { TeardownTable } from '../operations/teardown/table.js';
import { isoTime, relativeTime } from '../output/format-time.js';
import type { Page, Property } from '../output/page.js';

/** The newest backup; on an engine, or for whoever may not list them, the newest archive here. */
export function backupProperty(
  page: Page,
  { name, newestBackup }: TeardownTable,
  archive: KnownArchive | null,
): Property {
  if (newestBackup !== undefined) return ['newest backup', backupText(page, newestBackup)];
  const is = archive?.tables.includes(name) === true ? archive : null;
  const age = is?.startedAt === null || is === null ? '' : `${relativeTime(new Date(is.startedAt), page.now)}: `;
  return ['newest archive', is === null ? 'none here' : `${age}${is.path}`];
}

function backupText(page: Page, backup: TeardownTable['newestBackup']): string {
  if (!backup) return 'none';
  return `${backup.name}, ${relativeTime(new Date(backup.createdAt), page.now)} (${backup.status})`;
}

export function madeJson({ backup, archive }: NonNullable<StepResult['made']>): Record<string, unknown> {
  const at = backup?.createdAt;
  return {
    backup: backup === null ? null : { ...backup, createdAt: typeof at === 'number' ? isoTime(new Date(at)) : null },
    archive,
  };
}

/** What came of a backup, in one cell. */
export const madeCells = ({ made }: StepResult): Record<string, unknown> => ({
  backup: made?.backup?.arn,
  archive: made?.archive?.path,
});

export function madeText({ made }: StepResult): string {
  if (made?.backup) return `: ${made.backup.name} is ${made.backup.status}`;
  if (!made?.archive) return '';
  const { items, path, verified } = made.archive;
  return `: ${items.toLocaleString('en-US')} items in ${path}${verified ? ', verified' : ', not verified'}`;
}
