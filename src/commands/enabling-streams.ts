import type { TableRole } from '../schema/types.js';

interface DisabledStream {
  readonly table: string;
  readonly role: TableRole;
  /** What the stream held. */
  readonly view: string;
}

interface EnablingCommand {
  readonly tables: readonly string[];
  readonly words: readonly string[];
}

const enable = (view: string): readonly string[] => ['streams', 'enable', '--view', view];

/** The command lines that turn streams on again, and no other: one for all of the `total` tables where one does. */
export function enablingStreams(disabled: readonly DisabledStream[], total: number): readonly EnablingCommand[] {
  const [first] = disabled;
  if (first === undefined) return [];
  if (disabled.length === total && disabled.every(({ view }) => view === first.view))
    return [{ tables: disabled.map(({ table }) => table), words: enable(first.view) }];
  return disabled.map(({ table, role, view }) => ({ tables: [table], words: [...enable(view), '--only', role] }));
}
