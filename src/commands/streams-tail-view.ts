import type { TableChange } from '../operations/tables/tail-streams.js';
import type { IdMask } from '../output/id-mask.js';
import { jsonLine } from '../output/render.js';
import { absoluteTime } from '../output/format-time.js';
import { redact } from '../output/redact.js';
import type { Page } from '../output/page.js';
import { instantReader } from '../schema/decode.js';
import { secretJudge } from '../schema/secrets.js';
import type { Layout } from '../schema/types.js';
import type { CommandSession } from './session.js';
import { notedId } from './masked-ids.js';
import { iso } from './session-view.js';

interface ShownChange extends Omit<TableChange, 'at' | 'changes'> {
  readonly at: string | null;
  readonly changes: readonly { readonly attribute: string; readonly from: unknown; readonly to: unknown }[];
}

type Mask = (value: unknown) => unknown;

/** Masks a value as it is masked where it stands, below whatever keys lead to it. */
function maskedAt(path: readonly string[], value: unknown, mask: Mask): unknown {
  if (value === undefined) return null;
  let shown = mask(path.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value));
  for (const name of path) {
    // A key on the way is secret: all below it is masked as one.
    if (typeof shown !== 'object' || shown === null) return shown;
    shown = Reflect.get(shown, name);
  }
  return shown;
}

function shownOf(change: TableChange, mask: Mask): ShownChange {
  const { table, role, eventName, at, sequenceNumber, sessionId, ttlDelete, keys, changes, old } = change;
  return {
    table,
    role,
    eventName,
    at: iso(at),
    sequenceNumber,
    sessionId,
    ttlDelete,
    keys: maskedItem(keys, mask),
    changes: changes.map(({ path, from, to }) => ({
      attribute: path.join('.'),
      from: maskedAt(path, from, mask),
      to: maskedAt(path, to, mask),
    })),
    old: old === null ? null : maskedItem(old, mask),
    new: change.new === null ? null : maskedItem(change.new, mask),
  };
}

const maskedItem = (item: Readonly<Record<string, unknown>>, mask: Mask): Record<string, unknown> =>
  Object.fromEntries(Object.keys(item).map((name) => [name, maskedAt([name], item[name], mask)]));

const STYLES = { INSERT: 'good', MODIFY: 'warn', REMOVE: 'bad' } as const;

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The rest of the keys says which event it is. */
function rowText({ role, sessionId, keys }: ShownChange, layout: Layout): string {
  const id = layout.event === null || role === 'sessions' ? undefined : keys[layout.event.id.name];
  return id === undefined ? `session ${sessionId}` : `event ${valueText(id)} of ${sessionId}`;
}

/** What comes is not read at once: a time as seen from now would soon be wrong. */
const timeText = (ms: number): string => absoluteTime(new Date(ms));

function changeText(page: Page, change: ShownChange, layout: Layout): string {
  const { role, at, eventName, ttlDelete, changes } = change;
  const instantOf = instantReader(layout, role);
  const textOf = (attribute: string, value: unknown): string => {
    const instant = instantOf(attribute, value);
    return instant === null ? valueText(value) : timeText(instant);
  };
  const head = [
    page.muted(at === null ? '-' : timeText(Date.parse(at))),
    page.styled(STYLES[eventName], eventName),
    page.strong(rowText(change, layout)),
    ...(ttlDelete ? [page.muted('by TTL')] : []),
  ].join(' ');
  const arrow = page.unicode ? '→' : '->';
  // What a removed row held is in the machine formats.
  const lines = (eventName === 'REMOVE' ? [] : changes).map(({ attribute, from, to }) =>
    eventName === 'INSERT'
      ? `${attribute}: ${textOf(attribute, to)}`
      : `${attribute}: ${from === null ? 'none' : textOf(attribute, from)} ${arrow} ${to === null ? 'none' : textOf(attribute, to)}`,
  );
  return [head, ...lines.map((line) => page.block(line.replaceAll('\n', '\\n'), 4))].join('\n');
}

const withoutIds = (change: ShownChange, ids: IdMask): ShownChange => ({
  ...change,
  keys: itemWithout(change.keys, ids),
  changes: change.changes.map(({ attribute, from, to }) => ({ attribute, from: ids.deep(from), to: ids.deep(to) })),
  old: change.old === null ? null : itemWithout(change.old, ids),
  new: change.new === null ? null : itemWithout(change.new, ids),
});

const itemWithout = (item: Readonly<Record<string, unknown>>, ids: IdMask): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, ids.deep(value)]));

/** Writes changes as they come: a JSON object a line for programs, some lines of text for people. */
export function changeWriter(
  session: CommandSession,
  layout: Layout,
  reveal: boolean,
): (change: TableChange) => Promise<void> {
  const { format } = session;
  const page = session.page('stdout');
  const isSecret = secretJudge(layout);
  const mask: Mask = reveal ? (value) => value : (value) => redact(value, isSecret);
  return async (change) => {
    const sessionId = notedId(session.ids, layout, change.sessionId);
    const shown = withoutIds({ ...shownOf(change, mask), sessionId }, session.ids);
    await session.write(`${format === 'table' ? changeText(page, shown, layout) : jsonLine(shown)}\n`);
  };
}
