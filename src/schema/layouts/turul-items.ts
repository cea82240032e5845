import type { AttributeValue } from '../attribute-value.js';
import type { AttributeSpec, EventMeaning, ExampleFacts, SessionMeaning } from '../types.js';

/** The two spellings of turul's attributes; `state`, `metadata`, `timestamp`, `data`, `retry` and `ttl` have one name. */
export type Convention = 'snake' | 'camel';

const SNAKE = {
  sessionId: 'session_id',
  clientCapabilities: 'client_capabilities',
  serverCapabilities: 'server_capabilities',
  createdAt: 'created_at',
  lastActivity: 'last_activity',
  isInitialized: 'is_initialized',
  eventId: 'event_id',
  eventType: 'event_type',
} as const;

type Camel = keyof typeof SNAKE;

/** The name in a convention, and the other convention's after it: rows of both kinds live in one table. */
function both(name: Camel, convention: Convention): readonly [string, string] {
  return convention === 'snake' ? [SNAKE[name], name] : [name, SNAKE[name]];
}

/** The name in a convention. */
const named = (name: Camel, convention: Convention): string => both(name, convention)[0];

const json = (value: unknown): AttributeValue => ({ S: JSON.stringify(value) });

const TOOLS = ['search_docs', 'run_query', 'store_value', 'get_value', 'summarize'] as const;
const pick = <T>(values: readonly [T, ...T[]], random: (below: number) => number): T =>
  values[random(values.length)] ?? values[0];

export function sessionAttributes(convention: Convention): readonly AttributeSpec[] {
  const key = (name: Camel): readonly [string] => [named(name, convention)];
  return [
    { names: key('sessionId'), types: ['S'], required: true },
    { names: both('clientCapabilities', convention), types: ['S'], required: false },
    { names: both('serverCapabilities', convention), types: ['S'], required: false },
    { names: ['state'], types: ['S'], required: false },
    { names: both('createdAt', convention), types: ['N'], required: true },
    { names: both('lastActivity', convention), types: ['N'], required: true },
    { names: both('isInitialized', convention), types: ['BOOL'], required: false },
    { names: ['metadata'], types: ['S'], required: false },
    { names: ['ttl'], types: ['N'], required: false },
  ];
}

export function eventAttributes(convention: Convention): readonly AttributeSpec[] {
  return [
    { names: [named('sessionId', convention)], types: ['S'], required: true },
    { names: [named('eventId', convention)], types: ['N'], required: true },
    { names: ['timestamp'], types: ['N'], required: true },
    { names: both('eventType', convention), types: ['S'], required: true },
    { names: ['data'], types: ['S'], required: true },
    { names: ['retry'], types: ['N', 'NULL'], required: false },
    { names: ['ttl'], types: ['N'], required: false },
  ];
}

/** What turul's session attributes mean: times in epoch milliseconds, the expiry in epoch seconds, payloads in JSON. */
export function sessionMeaning(convention: Convention): SessionMeaning {
  const paths = (name: Camel): readonly [string][] => both(name, convention).map((text) => [text]);
  return {
    id: [{ attribute: named('sessionId', convention), type: 'S' }],
    idIsSecret: true,
    createdAt: { paths: paths('createdAt'), unit: 'ms' },
    lastActivityAt: { paths: paths('lastActivity'), unit: 'ms' },
    expiresAt: { paths: [['ttl']], unit: 's', missing: 'never' },
    payload: [
      { names: ['state'], codec: 'json' },
      { names: ['metadata'], codec: 'json' },
      { names: both('clientCapabilities', convention), codec: 'json' },
      { names: both('serverCapabilities', convention), codec: 'json' },
    ],
    terminated: { path: ['state', 'terminated'], values: [true] },
    filter: [],
    example: (facts) => sessionExample(facts, convention),
  };
}

function sessionExample(facts: ExampleFacts, convention: Convention): Record<string, AttributeValue> {
  const { random } = facts;
  const state = {
    app_theme: pick(['dark', 'light'], random),
    app_last_query: pick(['open invoices', 'failed builds', 'weekly report', 'cost by team'], random),
    userId: `user-${1000 + random(9000)}`,
    'mcp:logging:level': pick(['info', 'warning', 'debug'], random),
    apiToken: `tok_${facts.uuid().replaceAll('-', '')}`,
    ...(facts.terminated ? { terminated: true, terminated_at: facts.lastActivityAt } : {}),
  };
  return {
    [named('clientCapabilities', convention)]: json({
      sampling: {},
      ...(random(2) === 0 ? { roots: { listChanged: true } } : {}),
    }),
    [named('serverCapabilities', convention)]: json({ logging: {}, tools: { listChanged: true } }),
    state: json(state),
    [named('isInitialized', convention)]: { BOOL: true },
    metadata: json({
      client: pick(['claude-desktop', 'inspector', 'vscode'], random),
      ip: `10.0.${random(8)}.${1 + random(250)}`,
    }),
  };
}

/** What turul's event attributes mean. */
export function eventMeaning(convention: Convention): EventMeaning {
  return {
    sessionId: named('sessionId', convention),
    id: { name: named('eventId', convention), type: 'N' },
    timestamp: { paths: [['timestamp']], unit: 'ms' },
    type: both('eventType', convention),
    payload: [{ names: ['data'], codec: 'json' }],
    expiresAt: { paths: [['ttl']], unit: 's', missing: 'never' },
    example: (facts) => ({
      [named('eventType', convention)]: { S: 'message' },
      data: json({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: {
          progressToken: pick([...TOOLS], facts.random),
          progress: facts.sequence,
          total: facts.sequence + facts.random(3),
        },
      }),
    }),
  };
}
