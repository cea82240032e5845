import type { Layout } from '../types.js';
import { eventAttributes, eventMeaning, sessionAttributes, sessionMeaning } from './turul-items.js';

/** The camelCase tables that the turul-mcp library makes today. */
export const turul: Layout = {
  id: 'turul',
  title: 'turul-mcp session storage (camelCase)',
  description: 'Sessions and SSE events as the turul-mcp library (0.3.4 and later) stores them.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'mcp-sessions',
      environmentVariables: ['MCP_SESSION_TABLE'],
      keys: { partitionKey: { name: 'sessionId', type: 'S' } },
      indexes: [
        {
          name: 'LastActivityIndex',
          partitionKey: { name: 'lastActivity', type: 'N' },
          projection: { type: 'KEYS_ONLY' },
        },
      ],
      ttl: { attribute: 'ttl' },
      stream: null,
      tags: {},
      billing: { mode: 'on-demand' },
      calls: ['DeleteItem', 'GetItem', 'PutItem', 'Scan', 'UpdateItem'],
      attributes: sessionAttributes('camel'),
    },
    {
      role: 'events',
      // The library reads and writes this name whatever MCP_SESSION_EVENT_TABLE says; the variable is for its creation only.
      defaultName: '{sessions}-events',
      environmentVariables: ['MCP_SESSION_EVENT_TABLE'],
      keys: { partitionKey: { name: 'sessionId', type: 'S' }, sortKey: { name: 'eventId', type: 'N' } },
      indexes: [],
      ttl: { attribute: 'ttl' },
      stream: null,
      tags: {},
      billing: { mode: 'on-demand' },
      calls: ['BatchWriteItem', 'PutItem', 'Query'],
      attributes: eventAttributes('camel'),
    },
  ],
  session: sessionMeaning('camel'),
  event: eventMeaning('camel'),
  idForm: 'uuid-v7-simple',
  lifetimeSeconds: 1800,
  purge: { safe: true, reason: 'An expired session is read by no server; its events go with it.' },
  secretKeys: [],
  publicKeys: ['progressToken'],
};
