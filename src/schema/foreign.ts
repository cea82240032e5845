import type { KeyType } from './attribute-value.js';
import type { AttributeSpec, KeySchema } from './types.js';

/** A system whose tables can be taken for one of ours; there is no layout for it, so it is only recognised. */
export interface ForeignTable {
  readonly title: string;
  readonly keys: KeySchema;
  /** `any`: an attribute of its owner's choice, so TTL neither speaks for it nor against it more than for another. */
  readonly ttl: string | { readonly any: true } | null;
  readonly defaultName: string | null;
  readonly attributes: readonly AttributeSpec[];
}

const key = (name: string, type: KeyType = 'S'): KeySchema => ({ partitionKey: { name, type } });
const has = (name: string, ...types: AttributeSpec['types']): AttributeSpec => ({
  names: [name],
  types,
  required: true,
});

/** Systems that share their key schema with a layout of ours. */
export const FOREIGN: readonly ForeignTable[] = [
  {
    title: 'awslabs mcp-lambda-handler',
    keys: key('session_id'),
    ttl: 'expires_at',
    defaultName: 'mcp_sessions',
    attributes: [has('expires_at', 'N'), has('created_at', 'N'), has('data', 'M')],
  },
  {
    title: 'aws-sessionstore-dynamodb (Ruby)',
    keys: key('session_id'),
    ttl: 'expire_at',
    defaultName: 'sessions',
    attributes: [has('data', 'S'), has('created_at', 'S'), has('updated_at', 'S')],
  },
  {
    title: 'openai-agents-session',
    keys: key('session_id'),
    ttl: 'ttl',
    defaultName: null,
    attributes: [has('conversation_data', 'S'), has('updated_at', 'N')],
  },
  {
    title: "turul's former Lambda session manager",
    keys: key('session_id'),
    ttl: 'ttl',
    defaultName: 'mcp-sessions',
    attributes: [has('statistics', 'S'), has('protocol_version', 'S'), has('last_activity', 'S')],
  },
  {
    title: 'Fargate MCP SessionStore',
    keys: key('session_id'),
    ttl: 'ttl',
    defaultName: 'mcp-sessions',
    attributes: [has('state', 'S'), has('created_at', 'S'), has('ttl', 'N')],
  },
  {
    title: 'LeanMCP',
    keys: key('sessionId'),
    ttl: 'ttl',
    defaultName: 'leanmcp-sessions',
    attributes: [has('data', 'M'), has('updatedAt', 'S')],
  },
  {
    title: 'aws-sdk-php SessionHandler',
    keys: key('id'),
    ttl: 'expires',
    defaultName: 'sessions',
    attributes: [has('expires', 'N'), has('data', 'S', 'B')],
  },
  {
    title: 'Flask-Session',
    keys: key('id'),
    ttl: 'expiration',
    defaultName: 'Sessions',
    attributes: [has('val', 'B'), has('expiration', 'N')],
  },
  {
    title: 'Shopify app session storage',
    keys: key('id'),
    ttl: null,
    defaultName: 'shopify_sessions',
    attributes: [has('shop', 'S'), has('accessToken', 'S')],
  },
  {
    title: 'LangChain.js message history',
    keys: key('id'),
    ttl: null,
    defaultName: null,
    attributes: [has('messages', 'L')],
  },
  {
    title: 'a single-table design of another application',
    keys: { partitionKey: { name: 'PK', type: 'S' }, sortKey: { name: 'SK', type: 'S' } },
    ttl: { any: true },
    defaultName: null,
    attributes: [],
  },
];
