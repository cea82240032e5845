import { itemsOf } from '../../archive/lines.js';
import type { ArchiveWriter } from '../../archive/write.js';
import { CliError } from '../../errors.js';
import {
  type AttributeValue,
  type Item,
  itemFromWire,
  type Layout,
  selectSession,
  type SessionFilter,
  type TableRole,
} from '../../schema/index.js';
import { KeySet } from '../purge/key-set.js';

/** Which sessions are archived, and the events of those; the sessions have to be seen first. */
export class ArchiveChoice {
  readonly #layout: Layout;
  readonly #filter: SessionFilter;
  readonly #now: number;
  readonly #chosen = new KeySet();

  /** `now` is epoch milliseconds. */
  constructor(layout: Layout, filter: SessionFilter, now: number) {
    this.#layout = layout;
    this.#filter = filter;
    this.#now = now;
  }

  wants(role: TableRole, item: Item): boolean {
    const { event } = this.#layout;
    if (role === 'events') return event !== null && this.#chosen.get(JSON.stringify(item[event.sessionId])) === true;
    if (selectSession(this.#layout, item, this.#filter, this.#now) === undefined) return false;
    this.#remember(item);
    return true;
  }

  /** The sessions that an earlier run had chosen: they stand in the files that it finished. */
  async recall(writer: ArchiveWriter): Promise<void> {
    if (this.#owner === undefined) return;
    for (const { path: name, items, rawBytes } of writer.filesOf('sessions')) {
      const source = { file: `${writer.root}/${name}`, name, items, rawBytes };
      for await (const found of itemsOf(source, writer.cipher))
        for (const { item } of found) this.#remember(itemFromWire(item));
    }
  }

  /** The sessions table's attribute whose value events carry; undefined in a layout without events. */
  get #owner(): string | undefined {
    return this.#layout.event === null ? undefined : this.#layout.session.id[0]?.attribute;
  }

  #remember(item: Item): void {
    if (this.#owner === undefined) return;
    const id: AttributeValue | undefined = item[this.#owner];
    this.#chosen.add(JSON.stringify(id), true);
    if (this.#chosen.isFull)
      throw new CliError('LIMIT_EXCEEDED', 'more sessions were chosen than can be kept in mind for their events', {
        hint: 'choose fewer, leave the events out (--no-events), or archive the whole tables',
      });
  }
}
