import { type Item, type Layout, type TableSpec, tableOf, ttlFault, type TtlFaultKind } from '../../schema/index.js';
import type { ObservedStructure } from '../target.js';

export interface TtlStats {
  readonly ttl: { readonly attribute: string | null; readonly enabled: boolean };
  /** Rows whose TTL value can never fire, and why. */
  readonly neverExpiring: number;
  readonly neverExpiringBy: Readonly<Record<TtlFaultKind, number>>;
  /** Rows without a TTL value; 0 where there is no TTL attribute. */
  readonly withoutTtl: number;
}

/** Looks at the TTL values of a table's rows; `attribute` is the table's own, or else the layout's. */
export class TtlTally {
  readonly attribute: string | null;
  readonly #enabled: boolean;
  readonly #now: number;
  readonly #neverBy: Record<TtlFaultKind, number> = { wrongUnit: 0, text: 0, longPast: 0, other: 0 };
  #without = 0;

  /** `now` is epoch milliseconds. */
  constructor(layout: Layout, role: TableSpec['role'], { ttl }: ObservedStructure, now: number) {
    this.attribute = ttl.attribute ?? tableOf(layout, role)?.ttl?.attribute ?? null;
    this.#enabled = ttl.status === 'ENABLED' || ttl.status === 'ENABLING';
    this.#now = now;
  }

  add(item: Item): void {
    if (this.attribute === null) return;
    const value = item[this.attribute];
    const fault = ttlFault(value, this.#now);
    if (fault !== undefined) this.#neverBy[fault.kind] += 1;
    else if (value === undefined || 'NULL' in value) this.#without += 1;
  }

  result(): TtlStats {
    return {
      ttl: { attribute: this.attribute, enabled: this.#enabled },
      neverExpiring: Object.values(this.#neverBy).reduce((sum, count) => sum + count, 0),
      neverExpiringBy: this.#neverBy,
      withoutTtl: this.#without,
    };
  }
}
