import type { Layout, TableSpec } from '../types.js';
import { eventAttributes, eventMeaning, sessionAttributes, sessionMeaning } from './turul-items.js';

const tags = (purpose: string): TableSpec['tags'] => ({
  Environment: '{environment}',
  Application: 'MCP-Session-Storage',
  Purpose: purpose,
});

/** The snake_case tables of MCP session storage, with indexes, streams and tags. */
export const mcp: Layout = {
  id: 'mcp',
  title: 'MCP session storage (snake_case)',
  description: 'Sessions and SSE events of MCP servers: three indexes, streams, TTL and tags.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'mcp-sessions',
      environmentVariables: ['DYNAMODB_SESSIONS_TABLE', 'MCP_SESSION_TABLE'],
      keys: { partitionKey: { name: 'session_id', type: 'S' } },
      indexes: [
        {
          name: 'LastActivityIndex',
          partitionKey: { name: 'last_activity', type: 'N' },
          projection: { type: 'KEYS_ONLY' },
        },
        { name: 'CreatedAtIndex', partitionKey: { name: 'created_at', type: 'N' }, projection: { type: 'KEYS_ONLY' } },
      ],
      ttl: { attribute: 'ttl' },
      stream: 'NEW_AND_OLD_IMAGES',
      tags: tags('SessionManagement'),
      billing: { mode: 'on-demand' },
      calls: ['DeleteItem', 'GetItem', 'PutItem', 'Scan', 'UpdateItem'],
      attributes: sessionAttributes('snake'),
    },
    {
      role: 'events',
      defaultName: 'mcp-session-events',
      environmentVariables: ['DYNAMODB_EVENTS_TABLE', 'MCP_SESSION_EVENT_TABLE'],
      keys: { partitionKey: { name: 'session_id', type: 'S' }, sortKey: { name: 'event_id', type: 'N' } },
      indexes: [
        {
          name: 'TimestampIndex',
          partitionKey: { name: 'timestamp', type: 'N' },
          sortKey: { name: 'session_id', type: 'S' },
          projection: { type: 'ALL' },
        },
      ],
      ttl: { attribute: 'ttl' },
      stream: 'NEW_AND_OLD_IMAGES',
      tags: tags('EventStreaming'),
      billing: { mode: 'on-demand' },
      calls: ['BatchWriteItem', 'PutItem', 'Query'],
      attributes: eventAttributes('snake'),
    },
  ],
  session: sessionMeaning('snake'),
  event: eventMeaning('snake'),
  idForm: 'uuid-v7-simple',
  lifetimeSeconds: 1800,
  purge: { safe: true, reason: 'An expired session is read by no server; its events go with it.' },
  secretKeys: [],
  publicKeys: ['progressToken'],
};
