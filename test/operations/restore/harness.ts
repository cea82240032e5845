import path from 'node:path';
import { tempFolder } from '../../support/cli.js';
import type { RawClient } from '../../support/engine.js';
import { archiveTo } from '../archive/harness.js';
import { stage, type Stage } from '../purge/harness.js';

export interface Archived extends Stage {
  readonly folder: string;
  /** A name for the sessions table that is free. */
  readonly copy: string;
}

/** Tables with sessions, half of them expired, two events each, and an archive of them. */
export async function archivedOn(endpoint: string, count = 30): Promise<Archived> {
  const staged = await stage(endpoint, { count, events: 2, expired: 0.5 });
  const folder = path.join(tempFolder(), 'archive');
  await archiveTo(staged.context, staged.target, folder, { segments: 3 });
  return { ...staged, folder, copy: `${staged.sessions}-copy` };
}

/** A session's attribute `state`. */
export async function stateOf(raw: RawClient, table: string, id: string): Promise<string | undefined> {
  const { Item } = await raw.call('GetItem', { TableName: table, Key: { session_id: { S: id } } });
  return Item?.['state']?.S;
}
