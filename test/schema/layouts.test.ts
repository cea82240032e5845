import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import * as registry from '../../src/schema/layouts/index.js';
import {
  DEFAULT_LAYOUT,
  describeIndex,
  describeKeys,
  desiredTables,
  generic,
  genericFor,
  type Layout,
  LAYOUTS,
  tableNames,
  validateLayout,
} from '../../src/schema/index.js';
import { layoutNamed } from './fixtures.js';

/** A table in the words of the systems' own code and documents. */
interface Facts {
  readonly role: string;
  readonly name: string;
  readonly variables: readonly string[];
  readonly keys: string;
  readonly indexes: Readonly<Record<string, string>>;
  readonly ttl: string;
  readonly stream: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly billing: string | null;
}

const BARE = { indexes: {}, stream: null, tags: {}, billing: 'on-demand', variables: [] } as const;

const FACTS: Readonly<Record<string, readonly Facts[]>> = {
  mcp: [
    {
      role: 'sessions',
      name: 'mcp-sessions',
      variables: ['DYNAMODB_SESSIONS_TABLE', 'MCP_SESSION_TABLE'],
      keys: 'session_id (S)',
      indexes: {
        LastActivityIndex: 'last_activity (N), KEYS_ONLY',
        CreatedAtIndex: 'created_at (N), KEYS_ONLY',
      },
      ttl: 'ttl',
      stream: 'NEW_AND_OLD_IMAGES',
      tags: { Environment: 'staging', Application: 'MCP-Session-Storage', Purpose: 'SessionManagement' },
      billing: 'on-demand',
    },
    {
      role: 'events',
      name: 'mcp-session-events',
      variables: ['DYNAMODB_EVENTS_TABLE', 'MCP_SESSION_EVENT_TABLE'],
      keys: 'session_id (S) + event_id (N)',
      indexes: { TimestampIndex: 'timestamp (N) + session_id (S), ALL' },
      ttl: 'ttl',
      stream: 'NEW_AND_OLD_IMAGES',
      tags: { Environment: 'staging', Application: 'MCP-Session-Storage', Purpose: 'EventStreaming' },
      billing: 'on-demand',
    },
  ],
  turul: [
    {
      ...BARE,
      role: 'sessions',
      name: 'mcp-sessions',
      variables: ['MCP_SESSION_TABLE'],
      keys: 'sessionId (S)',
      indexes: { LastActivityIndex: 'lastActivity (N), KEYS_ONLY' },
      ttl: 'ttl',
    },
    {
      ...BARE,
      role: 'events',
      name: 'mcp-sessions-events',
      variables: ['MCP_SESSION_EVENT_TABLE'],
      keys: 'sessionId (S) + eventId (N)',
      ttl: 'ttl',
    },
  ],
  'llm-duel': [
    {
      ...BARE,
      role: 'sessions',
      name: 'LLM-Duel-Sessions',
      variables: ['SESSION_TABLE_NAME'],
      keys: 'session_id (S)',
      ttl: 'ttl',
    },
  ],
  'pmcp-tasks': [{ ...BARE, role: 'sessions', name: 'pmcp_tasks', keys: 'PK (S) + SK (S)', ttl: 'expires_at' }],
  // Provisioned 5/5 when connect-dynamodb makes it, which its owner is free to change: left alone.
  express: [{ ...BARE, role: 'sessions', name: 'sessions', keys: 'id (S)', ttl: 'expires', billing: null }],
};

/** What each instant is stored as: created, last activity, expiry, and what a missing expiry means. */
const TIMES: Readonly<Record<string, readonly [string | null, string | null, string, string]>> = {
  mcp: ['created_at|createdAt ms', 'last_activity|lastActivity ms', 'ttl s', 'never'],
  turul: ['createdAt|created_at ms', 'lastActivity|last_activity ms', 'ttl s', 'never'],
  'llm-duel': ['created_at iso', null, 'ttl s', 'expired'],
  'pmcp-tasks': ['data.task.createdAt iso', 'data.task.lastUpdatedAt iso', 'expires_at s', 'never'],
  express: [null, null, 'expires s', 'never'],
};

const timeText = (field: Layout['session']['createdAt']): string | null =>
  field === null ? null : `${field.paths.map((path) => path.join('.')).join('|')} ${field.unit}`;

const described = Object.entries(FACTS);

describe('the layouts', () => {
  it('are those of the product, the default first, no id twice', () => {
    expect(LAYOUTS.map(({ id }) => id)).toEqual(['mcp', 'turul', 'llm-duel', 'pmcp-tasks', 'express', 'generic']);
    expect(LAYOUTS[0]).toBe(DEFAULT_LAYOUT);
  });

  it('are all in the registry: a file of layouts/ that is not is forgotten', async () => {
    const files = await readdir(new URL('../../src/schema/layouts/', import.meta.url));
    const ids = files.map((file) => file.replace('.ts', '')).filter((file) => !['index', 'turul-items'].includes(file));
    expect(LAYOUTS.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(registry.generic).toBe(generic);
  });

  describe.each(described)('%s', (id, facts) => {
    const layout = layoutNamed(id);

    it('has the tables of its system', () => {
      const names = tableNames(layout, { flags: {}, file: {} }, {});
      const desired = desiredTables(layout, names, { environment: 'staging' });
      const tables = layout.tables.map((spec, at): Facts => {
        const table = desired[at];
        return {
          role: spec.role,
          name: table?.name ?? '',
          variables: spec.environmentVariables,
          keys: spec.keys === null ? '' : describeKeys(spec.keys),
          indexes: Object.fromEntries(spec.indexes.map((index) => [index.name, describeIndex(index)])),
          ttl: spec.ttl?.attribute ?? '',
          stream: spec.stream,
          tags: table?.tags ?? {},
          billing: spec.billing?.mode ?? null,
        };
      });
      expect(tables).toEqual(facts);
    });

    it('reads its times in their units', () => {
      const { createdAt, lastActivityAt, expiresAt } = layout.session;
      expect([timeText(createdAt), timeText(lastActivityAt), timeText(expiresAt), expiresAt?.missing]).toEqual(
        TIMES[id],
      );
    });

    it('expires by the attribute that TTL reads, in seconds', () => {
      expect(layout.session.expiresAt?.paths).toEqual([[layout.tables[0]?.ttl?.attribute]]);
    });

    it('lets its expired rows go, and says why', () => {
      expect(layout.purge.safe).toBe(true);
      expect(layout.purge.reason).not.toBe('');
    });

    it.each(['JSON', 'YAML'])('comes back the same from %s through the validation of configuration files', (format) => {
      const plain: unknown = JSON.parse(JSON.stringify(layout));
      const written: unknown = format === 'JSON' ? plain : parse(stringify(plain));
      expect(validateLayout(written)).toEqual({ ok: true, layout: plain });
    });
  });

  it('know which ids are bearer secrets: all but the HMACed one of express and the tasks of pmcp', () => {
    const bearers = LAYOUTS.filter(({ session }) => session.idIsSecret).map(({ id }) => id);
    expect(bearers).toEqual(['mcp', 'turul', 'llm-duel', 'generic']);
  });

  it("name turul's events table after the sessions table, whatever that is called", () => {
    const names = tableNames(layoutNamed('turul'), { flags: {}, file: {} }, { MCP_SESSION_TABLE: 'my-sessions' });
    expect(names).toEqual([
      { role: 'sessions', name: 'my-sessions', source: 'MCP_SESSION_TABLE' },
      { role: 'events', name: 'my-sessions-events', source: 'default' },
    ]);
  });
});

describe('the generic layout', () => {
  const table = {
    name: 'theirs',
    keys: { partitionKey: { name: 'a', type: 'B' }, sortKey: { name: 'b', type: 'N' } },
    indexes: [
      {
        name: 'ByOwner',
        partitionKey: { name: 'owner', type: 'S' },
        projection: { type: 'ALL' },
        status: 'ACTIVE',
        backfilling: false,
        itemCount: 3,
        sizeBytes: 4,
      },
    ],
    ttl: { status: 'ENABLED', attribute: 'gone_at' },
  } as const;

  it('takes keys, indexes and expiry from the table', () => {
    const { tables, session, purge } = genericFor(table);
    expect(tables[0]).toMatchObject({ defaultName: 'theirs', keys: table.keys, ttl: { attribute: 'gone_at' } });
    expect(tables[0]?.indexes).toEqual([
      { name: 'ByOwner', partitionKey: { name: 'owner', type: 'S' }, projection: { type: 'ALL' } },
    ]);
    expect(session.id).toEqual([
      { attribute: 'a', type: 'B' },
      { attribute: 'b', type: 'N' },
    ]);
    expect(session.expiresAt).toEqual({ paths: [['gone_at']], unit: 's', missing: 'never' });
    expect(purge.safe).toBe(true);
  });

  it.each([
    ['ENABLED', true],
    ['ENABLING', true],
    ['DISABLING', false],
    ['DISABLED', false],
  ] as const)('with TTL %s may be purged: %s', (status, safe) => {
    const layout = genericFor({ ...table, ttl: { status, attribute: 'gone_at' } });
    expect(layout.purge.safe).toBe(safe);
    expect(layout.session.expiresAt !== null).toBe(safe);
  });

  it('is not safe to purge, nor expires anything, where nothing is known', () => {
    expect(generic.purge.safe).toBe(false);
    expect(generic.session.expiresAt).toBeNull();
  });
});
