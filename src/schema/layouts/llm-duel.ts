import type { Layout } from '../types.js';

const NAMES = ['Ada', 'Linus', 'Grace', 'Alan', 'Barbara', 'Edsger'] as const;

/** LLM Duel Arena's web sessions: one table, the user as JSON text, a fixed lifetime of an hour. */
export const llmDuel: Layout = {
  id: 'llm-duel',
  title: 'LLM Duel Arena web sessions',
  description: 'One table; the signed-in user as JSON text; one hour from creation, never extended.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'LLM-Duel-Sessions',
      environmentVariables: ['SESSION_TABLE_NAME'],
      keys: { partitionKey: { name: 'session_id', type: 'S' } },
      indexes: [],
      ttl: { attribute: 'ttl' },
      stream: null,
      tags: {},
      billing: { mode: 'on-demand' },
      calls: ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'],
      attributes: [
        { names: ['session_id'], types: ['S'], required: true },
        { names: ['user_data'], types: ['S'], required: true },
        { names: ['created_at'], types: ['S'], required: true },
        { names: ['ttl'], types: ['N'], required: true },
      ],
    },
  ],
  session: {
    id: [{ attribute: 'session_id', type: 'S' }],
    idIsSecret: true,
    // Written without a zone by the application, which means UTC.
    createdAt: { paths: [['created_at']], unit: 'iso' },
    lastActivityAt: null,
    expiresAt: { paths: [['ttl']], unit: 's', missing: 'expired' },
    payload: [{ names: ['user_data'], codec: 'json' }],
    terminated: null,
    filter: [],
    example: (facts) => {
      const name = NAMES[facts.random(NAMES.length)] ?? NAMES[0];
      return {
        created_at: { S: `${new Date(facts.createdAt).toISOString().slice(0, -1)}000` },
        user_data: {
          S: JSON.stringify({
            user: {
              sub: `1${String(facts.random(1e9)).padStart(20, '0')}`,
              email: `${name.toLowerCase()}@example.com`,
              name,
              picture: `https://example.com/avatars/${name.toLowerCase()}.png`,
            },
          }),
        },
      };
    },
  },
  event: null,
  idForm: 'base64url-32',
  lifetimeSeconds: 3600,
  purge: { safe: true, reason: 'The application deletes an expired session itself when it reads it.' },
  // `state` is what the sign-in checks the provider's answer with.
  secretKeys: ['state', 'nonce', 'code_verifier'],
  publicKeys: [],
};
