import type { Layout } from '../types.js';

/** express-session rows as connect-dynamodb stores them. */
export const express: Layout = {
  id: 'express',
  title: 'express-session (connect-dynamodb)',
  description: 'Web sessions of Express applications: sess:<sid> rows, the session as JSON text, sliding expiry.',
  tables: [
    {
      role: 'sessions',
      defaultName: 'sessions',
      environmentVariables: [],
      keys: { partitionKey: { name: 'id', type: 'S' } },
      indexes: [],
      ttl: { attribute: 'expires' },
      stream: null,
      tags: {},
      // connect-dynamodb makes provisioned tables of 5/5, which their owners then tune: what is there stays.
      billing: null,
      calls: ['DeleteItem', 'GetItem', 'PutItem', 'Scan', 'UpdateItem'],
      attributes: [
        { names: ['id'], types: ['S'], required: true },
        // Versions of 2013 and before wrote the expiry as text.
        { names: ['expires'], types: ['N', 'S'], required: true },
        { names: ['type'], types: ['S'], required: true },
        { names: ['sess'], types: ['S'], required: true },
      ],
    },
  ],
  session: {
    id: [{ attribute: 'id', type: 'S' }],
    idPrefixes: ['sess:'],
    // The cookie carries the id together with an HMAC of it: the id alone opens nothing.
    idIsSecret: false,
    createdAt: null,
    lastActivityAt: null,
    expiresAt: { paths: [['expires']], unit: 's', missing: 'never' },
    payload: [{ names: ['sess'], codec: 'json' }],
    terminated: null,
    // A touch of a row that TTL has removed leaves one with id and expires only: the prefix still tells it.
    filter: [
      [
        { attribute: 'type', equals: 'connect-session' },
        { attribute: 'id', beginsWith: 'sess:' },
      ],
    ],
    example: (facts) => ({
      type: { S: 'connect-session' },
      sess: {
        S: JSON.stringify({
          cookie: {
            originalMaxAge: facts.expiresAt - facts.lastActivityAt,
            expires: new Date(facts.expiresAt).toISOString(),
            httpOnly: true,
            path: '/',
          },
          views: 1 + facts.random(40),
          passport: { user: `user-${1000 + facts.random(9000)}` },
          csrfSecret: facts.uuid().replaceAll('-', '').slice(0, 24),
        }),
      },
    }),
  },
  event: null,
  idForm: 'base64url-24',
  lifetimeSeconds: 86_400,
  purge: { safe: true, reason: 'express-session answers an expired row as no session.' },
  secretKeys: ['passport'],
  publicKeys: ['cookie'],
};
