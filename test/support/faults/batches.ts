import { type Json, objectIn, objectsIn } from '../double/json.js';

/** One item of a batch: the table, and the request, key or statement itself. */
export interface Part {
  readonly table: string;
  readonly request: Json;
}

/** What a call is made of, item by item; null for a call that is no batch. */
export function partsOf(operation: string, body: Json): readonly Part[] | null {
  if (operation === 'BatchExecuteStatement')
    return objectsIn(body, 'Statements').map((request) => ({
      table: /FROM\s+"((?:[^"]|"")+)"/.exec(String(request['Statement']))?.[1] ?? '',
      request,
    }));
  if (operation !== 'BatchWriteItem' && operation !== 'BatchGetItem') return null;
  const tables = objectIn(body, 'RequestItems') ?? {};
  return Object.keys(tables).flatMap((table) => {
    const requests =
      operation === 'BatchWriteItem' ? objectsIn(tables, table) : objectsIn(objectIn(tables, table) ?? {}, 'Keys');
    return requests.map((request) => ({ table, request }));
  });
}

function itemsOf(operation: string, body: Json, parts: readonly Part[]): Json {
  const tables = objectIn(body, 'RequestItems') ?? {};
  const items: Record<string, unknown> = {};
  for (const table of new Set(parts.map((part) => part.table))) {
    const requests = parts.filter((part) => part.table === table).map(({ request }) => request);
    items[table] = operation === 'BatchGetItem' ? { ...objectIn(tables, table), Keys: requests } : requests;
  }
  return items;
}

/** The call with some of its items only. */
export function withParts(operation: string, body: Json, parts: readonly Part[]): Json {
  return operation === 'BatchExecuteStatement'
    ? { ...body, Statements: parts.map(({ request }) => request) }
    : { ...body, RequestItems: itemsOf(operation, body, parts) };
}

/** A statement's error. Codes in a batch are named otherwise than the errors of a call. */
export interface StatementError {
  readonly Code: string;
  readonly Message: string;
}

/**
 * The answer to the whole call from that to some of its items: the others come back unprocessed, or with an error of
 * their own. `left` are their places; `got` is null where nothing was carried out.
 */
export function completed(
  operation: string,
  body: Json,
  parts: readonly Part[],
  left: ReadonlySet<number>,
  got: Json | null,
  error: StatementError,
): Json {
  if (operation === 'BatchExecuteStatement') {
    const responses = got === null ? [] : objectsIn(got, 'Responses').values();
    const iterator = responses[Symbol.iterator]();
    const all = parts.map(({ table }, at) =>
      left.has(at) ? { TableName: table, Error: error } : (iterator.next().value ?? {}),
    );
    return { ...got, Responses: all };
  }
  const rest = parts.filter((_, at) => left.has(at));
  const member = operation === 'BatchGetItem' ? 'UnprocessedKeys' : 'UnprocessedItems';
  return { ...(operation === 'BatchGetItem' && { Responses: {} }), ...got, [member]: itemsOf(operation, body, rest) };
}
