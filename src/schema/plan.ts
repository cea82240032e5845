import type { DesiredTable } from './desired.js';
import type { Billing, IndexSpec, StreamViewType, TableClass } from './types.js';

/** One AWS call, or a pair that belongs together, and what has to be true before the next. */
export type Step =
  | { readonly do: 'createTable' }
  | { readonly do: 'setBilling'; readonly billing: Billing }
  | { readonly do: 'setDeletionProtection'; readonly on: boolean }
  | { readonly do: 'setTableClass'; readonly tableClass: TableClass }
  | { readonly do: 'setEncryption'; readonly kmsKey: string }
  | { readonly do: 'deleteIndex'; readonly index: string }
  | { readonly do: 'createIndex'; readonly index: IndexSpec }
  | { readonly do: 'replaceIndex'; readonly index: IndexSpec }
  | { readonly do: 'setStream'; readonly from: StreamViewType | false; readonly to: StreamViewType | false }
  | { readonly do: 'addReplica'; readonly region: string }
  | { readonly do: 'setTtl'; readonly from: string | null; readonly to: string | false }
  | { readonly do: 'setPointInTimeRecovery'; readonly on: boolean }
  | { readonly do: 'setTags'; readonly tags: Readonly<Record<string, string>> };

export type Value = string | boolean | null;

/**
 * One difference. Changes that one call makes together hold the very same step: CreateTable takes indexes, stream and
 * tags along, TagResource all tags. `blocked` cannot be changed in place: `reason` and `wayOut` say why and what to do.
 * `unsupported` is what the endpoint does not offer: it is a warning and no drift.
 */
export interface Change {
  readonly property: string;
  readonly kind: 'add' | 'change' | 'remove' | 'blocked' | 'unsupported';
  readonly from: Value;
  readonly to: Value;
  readonly step: Step | null;
  readonly reason?: string;
  readonly wayOut?: string;
  /** The change throws something away that the table has: an index, recovery points. */
  readonly loses?: string;
  /** What comes with the change and the reader should know. */
  readonly note?: string;
}

export interface TablePlan {
  readonly role: DesiredTable['role'];
  readonly name: string;
  readonly action: 'create' | 'update' | 'none' | 'blocked';
  readonly desired: DesiredTable;
  readonly changes: readonly Change[];
}

export interface DiffOptions {
  /** Also remove indexes that the layout does not have, and rebuild those that differ. */
  readonly prune: boolean;
}
