import type { IdPart, IndexSpec, KeySchema, Layout, ObservedTable, TimeField } from '../types.js';

const guess = (names: readonly string[]): TimeField => ({ paths: names.map((name) => [name]), unit: 'auto' });

/** Any table with a TTL: keys and TTL attribute come from the table itself. */
export const generic: Layout = {
  id: 'generic',
  title: 'any table (keys and TTL taken from the table)',
  description: 'For a table that no layout describes: its own keys make the id, its TTL attribute is the expiry.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'sessions',
      environmentVariables: [],
      keys: null,
      indexes: [],
      ttl: null,
      stream: null,
      tags: {},
      billing: null,
      attributes: [],
    },
  ],
  session: {
    id: [],
    idIsSecret: true,
    createdAt: guess(['created_at', 'createdAt', 'created', 'creationTime']),
    lastActivityAt: guess([
      'last_activity',
      'lastActivity',
      'last_accessed',
      'lastAccessed',
      'updated_at',
      'updatedAt',
      'modified',
    ]),
    expiresAt: null,
    payload: [],
    terminated: null,
    filter: [],
  },
  event: null,
  idForm: 'uuid-v4',
  lifetimeSeconds: 3600,
  purge: {
    safe: false,
    reason:
      'Nothing is known of these rows; only where TTL is enabled on the table has their owner said that they may go.',
  },
  secretKeys: [],
  publicKeys: [],
};

const idParts = ({ partitionKey, sortKey }: KeySchema): readonly IdPart[] =>
  [partitionKey, sortKey].flatMap((key) => (key === undefined ? [] : [{ attribute: key.name, type: key.type }]));

const indexSpec = ({ name, partitionKey, sortKey, projection }: IndexSpec): IndexSpec => ({
  name,
  partitionKey,
  ...(sortKey === undefined ? {} : { sortKey }),
  projection,
});

/** The generic layout with the keys, the indexes and the TTL attribute of a table. */
export function genericFor(table: Pick<ObservedTable, 'name' | 'keys' | 'indexes' | 'ttl'>): Layout {
  const { attribute, status } = table.ttl;
  // Whoever is turning TTL off no longer says that expired rows may go.
  const ttlIsOn = attribute !== null && (status === 'ENABLED' || status === 'ENABLING');
  return {
    ...generic,
    tables: generic.tables.map((spec) => ({
      ...spec,
      defaultName: table.name,
      keys: table.keys,
      // The table's own, so that pruning what the layout does not have finds nothing to prune.
      indexes: table.indexes.map(indexSpec),
      ttl: ttlIsOn ? { attribute } : null,
    })),
    session: {
      ...generic.session,
      id: idParts(table.keys),
      expiresAt: ttlIsOn ? { paths: [[attribute]], unit: 's', missing: 'never' } : null,
    },
    purge: ttlIsOn
      ? { safe: true, reason: `TTL is enabled on '${attribute}': the table's owner lets expired rows go.` }
      : generic.purge,
  };
}
