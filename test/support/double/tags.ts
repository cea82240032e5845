import { awsError, inUse, invalid } from './errors.js';
import { type Json, objectsIn, textIn, textsIn } from './json.js';
import { type DoubleContext, type Handler, isCreating, stateOf, type TableState } from './state.js';

/** How many tags ListTagsOfResource gives at once. */
const PAGE_SIZE = 10;

export function refuseBadTags(tags: readonly Json[], mayBeEmpty: boolean): void {
  if (tags.length === 0 && !mayBeEmpty) throw invalid('Atleast one Tag needs to be provided as Input.');
  const keys = new Set<string>();
  for (const tag of tags) {
    const key = textIn(tag, 'Key') ?? '';
    const value = textIn(tag, 'Value');
    if (key === '' || key.length > 128) throw invalid(`The Tag Key provided is invalid, Key: ${key}`);
    if (key.startsWith('aws:')) throw invalid(`Tag Key cannot be prefixed with aws:, Key: ${key}`);
    if (value === undefined || value.length > 256) {
      throw invalid(`The Tag Value provided is invalid, Value: ${value ?? 'null'}`);
    }
    if (keys.has(key)) {
      throw invalid(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${key}`);
    }
    keys.add(key);
  }
  if (keys.size > 50) throw tooMany();
}

const tooMany = (): Error => invalid('Number of Tags exceed the current limit for the provided ResourceArn');

const notFound = (arn: string): Error =>
  awsError('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`);

/** The table of an ARN. The tags of a table cannot be reached before it is ACTIVE. */
async function tableIn(double: DoubleContext, body: Json): Promise<TableState> {
  const arn = textIn(body, 'ResourceArn') ?? '';
  if (!arn.startsWith('arn:'))
    throw invalid(`One or more parameter values were invalid: ARNs must start with 'arn:': ${arn}`);
  const [, region, account, name] = /^arn:[^:]+:dynamodb:([^:]+):(\d+):table\/([^/]+)$/.exec(arn) ?? [];
  if (name === undefined) throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  if (region !== double.region || account !== double.account) {
    throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  }
  const table = stateOf(double, name);
  if (isCreating(double, table)) throw notFound(arn);
  // The engine says AccessDeniedException for the tags of a table that is not there.
  if (table.deleting === undefined) {
    await double.engine('DescribeTable', { TableName: name }).catch((error: unknown) => {
      throw error instanceof Error && error.name === 'ResourceNotFoundException' ? notFound(arn) : error;
    });
  }
  return table;
}

/** What AWS shows: the old tags for a while after a change. */
async function visibleTags(double: DoubleContext, table: TableState, body: Json): Promise<readonly Json[]> {
  const before = table.tagsBefore;
  if (before !== undefined && double.now() < before.until) return before.tags;
  return objectsIn(await double.engine('ListTagsOfResource', { ResourceArn: body['ResourceArn'] }), 'Tags');
}

/** Remembers the tags as they were, for as long as AWS goes on showing them. */
async function beforeChange(double: DoubleContext, table: TableState, body: Json): Promise<readonly Json[]> {
  if (table.deleting !== undefined) throw inUse(`Table is being deleted: ${table.name}`);
  if (double.now() < (table.tagsBefore?.until ?? 0)) {
    throw awsError('LimitExceededException', `Subscriber limit exceeded: Table tags are being updated: ${table.name}`);
  }
  return visibleTags(double, table, body);
}

export const tagResource: Handler = async (double, body) => {
  const added = objectsIn(body, 'Tags');
  refuseBadTags(added, false);
  const table = await tableIn(double, body);
  const tags = await beforeChange(double, table, body);
  const keys = new Set([...tags, ...added].map((tag) => textIn(tag, 'Key')));
  if (keys.size > 50) throw tooMany();
  await double.engine('TagResource', body);
  table.tagsBefore = { tags, until: double.now() + double.delays.tags };
  return {};
};

export const untagResource: Handler = async (double, body) => {
  if (textsIn(body, 'TagKeys').length === 0) throw invalid('Atleast one Tag Key needs to be provided as Input.');
  const table = await tableIn(double, body);
  const tags = await beforeChange(double, table, body);
  await double.engine('UntagResource', body);
  table.tagsBefore = { tags, until: double.now() + double.delays.tags };
  return {};
};

export const listTagsOfResource: Handler = async (double, body) => {
  const tags = await visibleTags(double, await tableIn(double, body), body);
  const token = textIn(body, 'NextToken');
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64').toString('utf8'));
  if (!Number.isInteger(start)) throw invalid('Invalid NextToken');
  const next = start + PAGE_SIZE;
  return {
    Tags: tags.slice(start, next),
    ...(next < tags.length && { NextToken: Buffer.from(String(next)).toString('base64') }),
  };
};
