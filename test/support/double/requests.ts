import { awsError } from './errors.js';
import { refuseUnreadyIndex } from './indexes.js';
import { isJson, type Json, objectIn, objectsIn, textIn } from './json.js';
import { type DoubleContext, isCreating, stateOf } from './state.js';

/** The name of a table that a request gives by name or by ARN. */
const nameOf = (table: string): string => /^arn:[^:]+:dynamodb:[^:]+:[^:]*:table\/([^/]+)/.exec(table)?.[1] ?? table;

/** AWS takes a table's ARN wherever it takes its name; the engine does not. */
export function withTableName(body: Json): Json {
  const table = textIn(body, 'TableName');
  return table?.startsWith('arn:') === true ? { ...body, TableName: nameOf(table) } : body;
}

function statementTables(body: Json): readonly string[] {
  const statements = [body, ...objectsIn(body, 'Statements'), ...objectsIn(body, 'TransactStatements')];
  return statements.flatMap((statement) =>
    [...(textIn(statement, 'Statement') ?? '').matchAll(/(?:FROM|INTO|UPDATE)\s+"?([\w.-]+)"?/gi)].map(
      (match) => match[1] ?? '',
    ),
  );
}

/** Names of all tables that a request has to do with. */
export function tablesOf(body: Json): readonly string[] {
  const transaction = objectsIn(body, 'TransactItems').flatMap((item) => Object.values(item).filter(isJson));
  const direct = [body, ...transaction].flatMap((part) => textIn(part, 'TableName') ?? []);
  const arns = ['ResourceArn', 'BackupArn', 'TableArn', 'StreamArn'].flatMap((member) => textIn(body, member) ?? []);
  const batch = Object.keys(objectIn(body, 'RequestItems') ?? {});
  return [...direct, ...arns, ...batch, ...statementTables(body)].map(nameOf);
}

/** Items cannot be reached while their table is CREATING, nor through an index that is not ready. */
export function refuseUnready(double: DoubleContext, body: Json): void {
  for (const name of tablesOf(body)) {
    const table = stateOf(double, name);
    if (isCreating(double, table)) throw awsError('ResourceNotFoundException', 'Requested resource not found');
    refuseUnreadyIndex(double, table, body);
  }
}

/** Splits a BatchWriteItem into what is carried out and what comes back as UnprocessedItems. */
export function splitBatch(body: Json, count: number): { readonly done: Json; readonly rest: Json } {
  const done: Record<string, Json[]> = {};
  const rest: Record<string, Json[]> = {};
  let taken = 0;
  const tables = objectIn(body, 'RequestItems') ?? {};
  for (const table of Object.keys(tables)) {
    for (const request of objectsIn(tables, table)) {
      const target = taken < count ? done : rest;
      target[table] = [...(target[table] ?? []), request];
      taken += 1;
    }
  }
  return { done, rest };
}
