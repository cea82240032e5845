import type { Item } from './attribute-value.js';
import { hasAttribute, hasReadableTimes, matchesFilter } from './decode.js';
import { describeKey, describeKeys } from './describe.js';
import { FOREIGN } from './foreign.js';
import { LAYOUTS } from './layouts/index.js';
import type {
  AttributeSpec,
  IndexSpec,
  ItemFilter,
  KeySchema,
  Layout,
  ObservedTable,
  SessionMeaning,
  TableRole,
} from './types.js';

/**
 * `certain`: keys and either indexes or items agree, nothing speaks against it. `likely`: less than that, but nothing
 * else fits. `ambiguous`: two or more fit equally. `none`: no layout has these keys, or its items are others.
 */
export type Confidence = 'certain' | 'likely' | 'ambiguous' | 'none';

export interface Detection {
  readonly table: string;
  /** The layout's id; null when none fits, or more than one. */
  readonly layout: string | null;
  readonly role: TableRole | null;
  readonly confidence: Confidence;
  readonly why: readonly string[];
  /** Everything that the table could be, the best first. */
  readonly candidates: readonly DetectionCandidate[];
}

export interface DetectionCandidate {
  /** null for a system that is known but has no layout. */
  readonly layout: string | null;
  readonly title: string;
  readonly role: TableRole;
  readonly for: readonly string[];
  readonly against: readonly string[];
}

interface Signature {
  readonly layout: string | null;
  readonly title: string;
  readonly role: TableRole;
  readonly keys: KeySchema;
  readonly indexes: readonly IndexSpec[];
  readonly ttl: string | { readonly any: true } | null;
  readonly attributes: readonly AttributeSpec[];
  readonly filter: ItemFilter;
  /** What a session's attributes mean; null for other tables, and where it is not known. */
  readonly session: SessionMeaning | null;
  readonly defaultName: string | null;
}

interface Scored extends DetectionCandidate {
  /** Indexes, TTL attribute, items, name: compared in this order. */
  readonly rank: readonly [number, number, number, number];
  readonly certain: boolean;
  /** Nothing but the keys is known of it. */
  readonly isCatchAll: boolean;
}

/** What a table's observation must hold for a detection. */
export type Detectable = Pick<ObservedTable, 'name' | 'keys' | 'indexes' | 'ttl'>;

const ENOUGH_ITEMS = 3;

function signatures(layouts: readonly Layout[]): readonly Signature[] {
  const own = layouts.flatMap((layout) =>
    layout.tables.flatMap((table): Signature[] =>
      table.keys === null
        ? []
        : [
            {
              layout: layout.id,
              title: layout.title,
              role: table.role,
              keys: table.keys,
              indexes: table.indexes,
              ttl: table.ttl?.attribute ?? null,
              attributes: table.attributes,
              filter: table.role === 'sessions' ? layout.session.filter : [],
              session: table.role === 'sessions' ? layout.session : null,
              defaultName: table.defaultName.replaceAll('{sessions}', layout.tables[0]?.defaultName ?? ''),
            },
          ],
    ),
  );
  const foreign = FOREIGN.map(
    (table): Signature => ({ ...table, layout: null, role: 'sessions', indexes: [], filter: [], session: null }),
  );
  return [...own, ...foreign];
}

/**
 * Says which layout a table has: by its key schema, indexes, TTL attribute, sampled items, and its name last.
 * `samples` are items of the table, or null when none were read.
 */
export function detectLayout(
  table: Detectable,
  samples: readonly Item[] | null,
  layouts: readonly Layout[],
): Detection {
  const keys = describeKeys(table.keys);
  const fitting = signatures(layouts)
    .filter((signature) => describeKeys(signature.keys) === keys)
    .map((signature) => score(signature, table, samples ?? []));
  const possible = contenders(fitting.filter((candidate) => candidate !== null)).toSorted((a, b) =>
    compareRanks(b.rank, a.rank),
  );
  const result = { table: table.name, candidates: possible.map(stripped) };
  const [best, second] = possible;
  if (best === undefined) {
    const why =
      fitting.length === 0
        ? `no known layout has the keys ${keys}`
        : `layouts with the keys ${keys} are known, but their items look different`;
    return { ...result, layout: null, role: null, confidence: 'none', why: [why, GENERIC_HINT] };
  }
  if (second !== undefined && compareRanks(best.rank, second.rank) === 0) {
    const tied = possible.filter(({ rank }) => compareRanks(rank, best.rank) === 0);
    const titles = tied.map(({ layout, title }) => layout ?? `${title} (no layout for it)`);
    const sampled = samples !== null && samples.length === 0 ? ', and the table is empty' : '';
    return {
      ...result,
      layout: null,
      role: null,
      confidence: 'ambiguous',
      why: [
        `the keys ${keys} fit ${titles.join(', ')}`,
        `nothing tells them apart${sampled}: name the layout with --layout`,
      ],
    };
  }
  const byNameOnly = second !== undefined && compareRanks(withoutName(best.rank), withoutName(second.rank)) === 0;
  const why = [...best.for, ...best.against.map((reason) => `but ${reason}`)];
  if (best.layout === null)
    return {
      ...result,
      layout: null,
      role: null,
      confidence: 'none',
      why: [`looks like ${best.title}, for which there is no layout`, ...why, GENERIC_HINT],
    };
  return {
    ...result,
    layout: best.layout,
    role: best.role,
    confidence: best.certain && !byNameOnly ? 'certain' : 'likely',
    why,
  };
}

/**
 * Leaves out systems without a layout where something better is known of the table: a design of which nothing but the
 * keys is known, where items look like a layout's; any, where a layout that its owner wrote fits as well; and any that
 * only shares the default name with a layout, where no items speak. `setup` must know its own table while it is bare.
 */
function contenders(fitting: readonly Scored[]): readonly Scored[] {
  const configured = fitting.filter(({ layout }) => layout !== null && !LAYOUTS.some(({ id }) => id === layout));
  const namesakes = fitting.filter(({ layout, rank: [, , items, name] }) => layout !== null && items === 0 && name > 0);
  const isKnownByItems = fitting.some(({ layout, rank: [, , items] }) => layout !== null && items > 0);
  return fitting.filter((candidate) => {
    if (candidate.layout !== null) return true;
    if (candidate.isCatchAll && isKnownByItems) return false;
    if (namesakes.some((own) => compareRanks(own.rank, candidate.rank) === 0)) return false;
    return !configured.some((own) => fitsAsWell(own.rank, candidate.rank));
  });
}

/** By indexes and TTL, and by items or, where the owner's layout does not describe them, by name. */
function fitsAsWell([indexes, ttl, items, name]: Scored['rank'], other: Scored['rank']): boolean {
  if (compareRanks([indexes, ttl, 0, 0], [other[0], other[1], 0, 0]) < 0) return false;
  return items >= other[2] || name > other[3];
}

const GENERIC_HINT = 'its keys and TTL can be read with --layout generic, or describe it in the configuration file';

const stripped = ({
  rank: _rank,
  certain: _certain,
  isCatchAll: _isCatchAll,
  ...candidate
}: Scored): DetectionCandidate => candidate;

const withoutName = ([indexes, ttl, items]: Scored['rank']): Scored['rank'] => [indexes, ttl, items, 0];

function compareRanks(a: Scored['rank'], b: Scored['rank']): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How well a table agrees with a signature; null when its items contradict it. */
function score(signature: Signature, table: Detectable, samples: readonly Item[]): Scored | null {
  const pro: string[] = [`keys ${describeKeys(signature.keys)}`];
  const contra: string[] = [];

  const present = signature.indexes.filter((index) =>
    table.indexes.some(
      (other) => other.name === index.name && describeKey(other.partitionKey) === describeKey(index.partitionKey),
    ),
  );
  for (const index of signature.indexes)
    if (present.includes(index)) pro.push(`index ${index.name}`);
    else contra.push(`index ${index.name} is missing`);

  const ttlAttribute = table.ttl.status === 'DISABLED' ? null : table.ttl.attribute;
  const expected = typeof signature.ttl === 'object' ? signature.ttl?.any : signature.ttl;
  const ttlAgrees = ttlAttribute !== null && (expected === true || expected === ttlAttribute);
  if (ttlAgrees) pro.push(`TTL on ${ttlAttribute}`);
  else if (ttlAttribute !== null) contra.push(`TTL is on ${ttlAttribute}, not on ${expected ?? 'anything'}`);

  const ours = samples.filter((item) => matchesFilter(item, signature.filter));
  const whole = ours.filter(
    (item) =>
      signature.attributes.every((spec) => !spec.required || hasAttribute(item, spec)) &&
      (signature.session === null || hasReadableTimes(signature.session, item)),
  );
  if (samples.length > 0 && signature.attributes.length > 0 && whole.length === 0) return null;
  if (whole.length > 0 && signature.attributes.length > 0)
    pro.push(`${whole.length} of ${samples.length} sampled items look like it`);

  const isNamed = signature.defaultName === table.name;
  if (isNamed) pro.push(`named ${table.name}`);
  const itemShare = signature.attributes.length === 0 || samples.length === 0 ? 0 : whole.length / samples.length;
  const indexesAgree = present.length > 0 && present.length === signature.indexes.length;
  const isDescribed = signature.attributes.length > 0;
  const isEnough = (isDescribed && whole.length >= ENOUGH_ITEMS) || (ttlAgrees && whole.length > 0);
  const itemsAgree = isEnough && whole.length === samples.length;
  return {
    layout: signature.layout,
    title: signature.title,
    role: signature.role,
    for: pro,
    against: contra,
    rank: [present.length, Number(ttlAgrees) - Number(ttlAttribute !== null && !ttlAgrees), itemShare, Number(isNamed)],
    isCatchAll: signature.layout === null && signature.attributes.length === 0,
    certain: (indexesAgree || itemsAgree) && contra.length === 0,
  };
}
