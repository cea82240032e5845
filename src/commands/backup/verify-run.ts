import path from 'node:path';
import { EXIT } from '../../errors.js';
import type { VerifyResult } from '../../operations/archive/verify.js';
import type { Page } from '../../output/page.js';
import type { View } from '../../output/view.js';
import { withSecret } from '../archive-secret.js';
import type { Outcome } from '../definition.js';
import { pickBackup } from '../pick-backup.js';
import { requireTerminal } from '../picker.js';
import type { CommandSession } from '../session.js';
import type { VerifyBackupFlags } from './verify.js';

const number = (value: number): string => value.toLocaleString('en-US');

function verifyView(result: VerifyResult): View {
  const { ok, tables, problems, path: folder, encrypted, unfinished } = result;
  const json = { ok, path: folder, encrypted, tables, problems, unfinished };
  return {
    json,
    lines: [json],
    columns: ['table', 'role', 'items', 'expected', 'ok', 'keysChecked'],
    records: tables.map((table) => ({ ...table })),
    human: (page) =>
      [
        ...tables.map((table) => {
          const counted = `'${table.table}': ${number(table.items)} of ${number(table.expected)} items`;
          return table.ok ? page.success(counted) : page.blocked(counted);
        }),
        ...problems.map(({ file, line, reason }) =>
          page.error(`${path.relative(folder, file)}${line === null ? '' : `, line ${line}`}: ${reason}`),
        ),
        ...closing(page, result),
      ].join('\n'),
  };
}

function closing(page: Page, { ok, problems, path: folder, unfinished }: VerifyResult): readonly string[] {
  if (ok) return [page.note('every byte is as it was written')];
  if (unfinished !== null)
    return unfinished.command === null
      ? [page.note('nothing can go on with it; remove the folder, and begin again:'), page.block(folder)]
      : [page.note('remove the folder, or go on with it:'), page.block(unfinished.command)];
  const isForIndexes = problems.length > 0 && problems.every(({ index }) => index !== undefined);
  return [
    page.note(
      isForIndexes
        ? 'an index takes no such items: `restore --no-indexes` puts them into a new table without it'
        : 'the archive is not as it was written',
    ),
  ];
}

async function chooseArchive(session: CommandSession): Promise<string> {
  requireTerminal(session, 'folder');
  return pickBackup(session, 'archives');
}

/** Checks an archive; exit 3 when something is wrong. */
export async function runVerifyBackup(
  session: CommandSession,
  named: string | null,
  flags: VerifyBackupFlags,
): Promise<Outcome> {
  const folder = named ?? (await chooseArchive(session));
  const { verifyArchive } = await import('../../operations/archive/verify.js');
  const { runtime, progress } = session;
  const { layout, layouts } = await session.settings();
  const result = await withSecret(session, flags, (secret) =>
    verifyArchive(path.resolve(runtime.cwd, folder), secret, {
      signal: runtime.signal,
      onProgress: (event) => progress.report(event),
      layouts,
      layout: layout.value,
    }),
  );
  const warnings = result.tables.flatMap(({ table, keysNote }) =>
    keysNote === null ? [] : [`the keys of '${table}' were not checked: ${keysNote}`],
  );
  return { view: verifyView(result), warnings, exitCode: result.ok ? EXIT.done : EXIT.found };
}
