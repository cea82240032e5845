import type { Layout } from '../types.js';

const STATUSES = ['working', 'input_required', 'completed', 'failed'] as const;
const OWNERS = ['local', 'auth0|64f1c2', 'client-7', 'session-19ab'] as const;

/** The task store of pmcp (rust-mcp-sdk): one table, a task a row below its owner, the whole record as JSON text. */
export const pmcpTasks: Layout = {
  id: 'pmcp-tasks',
  title: 'pmcp-tasks task store',
  description: 'MCP tasks of pmcp servers: rows OWNER#<owner> / TASK#<task>, the record as JSON text.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'pmcp_tasks',
      environmentVariables: [],
      keys: { partitionKey: { name: 'PK', type: 'S' }, sortKey: { name: 'SK', type: 'S' } },
      indexes: [],
      ttl: { attribute: 'expires_at' },
      stream: null,
      tags: {},
      billing: { mode: 'on-demand' },
      calls: ['DeleteItem', 'GetItem', 'PutItem', 'Query'],
      attributes: [
        { names: ['PK'], types: ['S'], required: true },
        { names: ['SK'], types: ['S'], required: true },
        { names: ['version'], types: ['N'], required: true },
        { names: ['data'], types: ['S'], required: true },
        { names: ['expires_at'], types: ['N'], required: false },
      ],
    },
  ],
  session: {
    id: [
      { attribute: 'PK', type: 'S', prefix: 'OWNER#' },
      { attribute: 'SK', type: 'S', prefix: 'TASK#' },
    ],
    idIsSecret: false,
    createdAt: { paths: [['data', 'task', 'createdAt']], unit: 'iso' },
    lastActivityAt: { paths: [['data', 'task', 'lastUpdatedAt']], unit: 'iso' },
    expiresAt: { paths: [['expires_at']], unit: 's', missing: 'never' },
    payload: [{ names: ['data'], codec: 'json' }],
    terminated: null,
    filter: [[{ attribute: 'PK', beginsWith: 'OWNER#' }], [{ attribute: 'SK', beginsWith: 'TASK#' }]],
    example: (facts) => {
      const [owner] = facts.id.split(':');
      const status = STATUSES[facts.random(STATUSES.length)] ?? STATUSES[0];
      const record = {
        task: {
          taskId: facts.id.slice(facts.id.lastIndexOf(':') + 1),
          status,
          createdAt: new Date(facts.createdAt).toISOString(),
          lastUpdatedAt: new Date(facts.lastActivityAt).toISOString(),
          ttl: facts.expiresAt - facts.createdAt,
          pollInterval: 500,
        },
        ownerId: owner ?? OWNERS[0],
        variables: { query: 'open invoices', page: facts.random(9) + 1 },
        result: status === 'completed' ? { content: [{ type: 'text', text: 'done' }] } : null,
        requestMethod: 'tools/call',
        expiresAt: new Date(facts.expiresAt).toISOString(),
      };
      return { version: { N: String(1 + facts.random(5)) }, data: { S: JSON.stringify(record) } };
    },
  },
  event: null,
  idForm: 'owner-task',
  lifetimeSeconds: 3600,
  purge: { safe: true, reason: 'An expired task refuses every change, yet counts against its owner’s limit of 100.' },
  secretKeys: ['variables', 'result'],
  publicKeys: ['progressToken'],
};
