import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { PolicyDocument } from '../../src/schema/iam.js';

/** One thing that a request has to be allowed: an IAM action on the ARN of a resource, or on `*`. */
export interface Demand {
  readonly action: string;
  readonly resource: string;
}

export interface IamProxy {
  readonly endpoint: string;
  /** What is allowed from now on; null: everything. Forgets the demands so far. */
  readonly allow: (policy: PolicyDocument | null) => void;
  /** What was demanded since `allow`, in order. */
  readonly demands: readonly Demand[];
  /** What was refused since `allow`. */
  readonly denied: readonly Demand[];
  readonly stop: () => Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;

const isBody = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (body: Body, key: string): string => {
  const value = body[key];
  return typeof value === 'string' ? value : '';
};
const bodyAt = (body: Body, key: string): Body => {
  const value = body[key];
  return isBody(value) ? value : {};
};
const listAt = (body: Body, key: string): readonly Body[] => {
  const value = body[key];
  return Array.isArray(value) ? value.filter(isBody) : [];
};

/** Operations that AWS knows no resource of. */
const ACCOUNT_WIDE = /^(?:List(?:Tables|Backups|Exports|Imports|ContributorInsights)|DescribeLimits)$/;

/** What AWS does in the caller's name when it fills a table, as the Developer Guide's page on IAM and backups says. */
const FILLS = ['Scan', 'Query', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];

const IMPORT_LOGS = [
  'CreateLogGroup',
  'CreateLogStream',
  'DescribeLogGroups',
  'DescribeLogStreams',
  'PutLogEvents',
  'PutRetentionPolicy',
];

const KEY_ACTIONS = [
  'CreateGrant',
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

const on = (resource: string, names: readonly string[], prefix = 'dynamodb'): readonly Demand[] =>
  names.map((name) => ({ action: `${prefix}:${name}`, resource }));

/** What AWS asks IAM before it answers a request; the rules are those of the Service Authorization Reference. */
class Authorizer {
  readonly #place: string;
  readonly #region: string;
  /** A shard iterator says nothing of its stream; AWS knows. */
  readonly #streamOf = new Map<string, string>();

  constructor(region: string, account: string) {
    this.#region = region;
    this.#place = `${region}:${account}`;
  }

  #table(name: string): string {
    return name.startsWith('arn:') ? name : `arn:aws:dynamodb:${this.#place}:table/${name}`;
  }

  noteAnswer(body: Body, answer: Body): void {
    const stream = text(body, 'StreamArn') || this.#streamOf.get(text(body, 'ShardIterator'));
    const next = text(answer, 'ShardIterator') || text(answer, 'NextShardIterator');
    if (stream !== undefined && next !== '') this.#streamOf.set(next, stream);
  }

  demands(service: string, operation: string, body: Body): readonly Demand[] {
    if (service !== 'dynamodb') {
      // Whoever has credentials may ask whose they are.
      return operation === 'GetCallerIdentity'
        ? []
        : // Composite alarms are told only to those who may look at all of them.
          [{ action: `${service}:${operation}`, resource: '*' }];
    }
    const own = (resource: string): Demand => ({ action: `dynamodb:${operation}`, resource });
    const table = this.#table(text(body, 'TableName') || text(body, 'TableArn'));
    if (ACCOUNT_WIDE.test(operation)) return [own('*')];
    switch (operation) {
      case 'BatchGetItem':
      case 'BatchWriteItem':
        return Object.keys(bodyAt(body, 'RequestItems')).map((name) => own(this.#table(name)));
      case 'BatchExecuteStatement':
        return listAt(body, 'Statements').map((statement) => this.#statement(text(statement, 'Statement')));
      case 'Scan':
      case 'Query':
        return [own(body['IndexName'] === undefined ? table : `${table}/index/${text(body, 'IndexName')}`)];
      case 'CreateTable':
        return [
          own(table),
          ...(listAt(body, 'Tags').length > 0 ? on(table, ['TagResource']) : []),
          ...(body['ResourcePolicy'] === undefined ? [] : on(table, ['PutResourcePolicy'])),
          ...this.#key(body),
        ];
      case 'UpdateTable':
        return [own(table), ...this.#key(body), ...this.#replicas(table, body)];
      case 'TagResource':
      case 'UntagResource':
      case 'ListTagsOfResource':
      case 'GetResourcePolicy':
        return [own(text(body, 'ResourceArn'))];
      case 'DescribeBackup':
      case 'DeleteBackup':
        return [own(text(body, 'BackupArn'))];
      case 'RestoreTableFromBackup': {
        const target = this.#table(text(body, 'TargetTableName'));
        return [own(text(body, 'BackupArn')), own(target), ...on(target, FILLS)];
      }
      case 'RestoreTableToPointInTime': {
        const target = this.#table(text(body, 'TargetTableName'));
        const source = this.#table(text(body, 'SourceTableName') || text(body, 'SourceTableArn'));
        return [own(source), own(target), ...on(target, FILLS)];
      }
      case 'ExportTableToPointInTime': {
        const folder = [text(body, 'S3Bucket'), text(body, 'S3Prefix'), 'AWSDynamoDB'].filter((part) => part !== '');
        return [own(table), ...on(`arn:aws:s3:::${folder.join('/')}/x`, ['AbortMultipartUpload', 'PutObject'], 's3')];
      }
      case 'ImportTable': {
        const target = this.#table(text(bodyAt(body, 'TableCreationParameters'), 'TableName'));
        const source = bodyAt(body, 'S3BucketSource');
        const bucket = `arn:aws:s3:::${text(source, 'S3Bucket')}`;
        return [
          own(target),
          ...on(bucket, ['ListBucket'], 's3'),
          ...on(`${bucket}/${text(source, 'S3KeyPrefix')}`, ['GetObject'], 's3'),
          ...on(`arn:aws:logs:${this.#place}:log-group:/aws-dynamodb/imports:x`, IMPORT_LOGS, 'logs'),
        ];
      }
      case 'DescribeExport':
        return [own(text(body, 'ExportArn'))];
      case 'DescribeImport':
        return [own(text(body, 'ImportArn'))];
      case 'DescribeStream':
      case 'GetShardIterator':
        return [own(text(body, 'StreamArn'))];
      case 'GetRecords':
        return [own(this.#streamOf.get(text(body, 'ShardIterator')) ?? 'a stream that nobody knows')];
      default:
        return [own(table)];
    }
  }

  #statement(statement: string): Demand {
    const [, verb = '', name = ''] = /^\s*(\w+)[^"]*"([^"]+)"/.exec(statement) ?? [];
    const action = verb.charAt(0).toUpperCase() + verb.slice(1).toLowerCase();
    return { action: `dynamodb:PartiQL${action}`, resource: this.#table(name) };
  }

  #key(body: Body): readonly Demand[] {
    const key = text(bodyAt(body, 'SSESpecification'), 'KMSMasterKeyId');
    return key === '' ? [] : KEY_ACTIONS.map((name) => ({ action: `kms:${name}`, resource: key }));
  }

  #replicas(table: string, body: Body): readonly Demand[] {
    return listAt(body, 'ReplicaUpdates').flatMap((update) => {
      const there = table.replace(this.#region, text(bodyAt(update, 'Create'), 'RegionName'));
      return ['CreateTable', 'CreateTableReplica', ...FILLS].map((name) => ({
        action: `dynamodb:${name}`,
        resource: there,
      }));
    });
  }
}

const matches = (pattern: string, value: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 's').test(value);

/** Whether a policy allows something, as IAM matches: actions by name, resources by pattern. */
export const allows = (policy: PolicyDocument, { action, resource }: Demand): boolean =>
  policy.Statement.some(
    (statement) =>
      statement.Action.some((name) => name === action) &&
      statement.Resource.some((pattern) => matches(pattern, resource)),
  );

function answerJson(response: ServerResponse, status: number, body: Body): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'PROXY' });
  response.end(JSON.stringify(body));
}

function parse(bytes: string): Body {
  try {
    const value: unknown = JSON.parse(bytes);
    return isBody(value) ? value : {};
  } catch {
    return {};
  }
}

const SERVICES: readonly (readonly [RegExp, string])[] = [
  [/^DynamoDB/, 'dynamodb'],
  [/^Granite/, 'cloudwatch'],
];

/** Stands before an endpoint and refuses, as IAM does, what its policy does not allow. */
export async function startIamProxy(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
}): Promise<IamProxy> {
  const authorizer = new Authorizer(options.region, options.account);
  const demands: Demand[] = [];
  const denied: Demand[] = [];
  let policy: PolicyDocument | null = null;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const bytes = Buffer.concat(chunks).toString('utf8');
    const target = String(request.headers['x-amz-target'] ?? '');
    const form = new URLSearchParams(target === '' ? bytes : '');
    const operation = target === '' ? (form.get('Action') ?? '') : target.replace(/^.*\./, '');
    const fallback = operation === 'GetCallerIdentity' ? 'sts' : 'cloudwatch';
    const service = SERVICES.find(([pattern]) => pattern.test(target))?.[1] ?? fallback;
    const body = target === '' ? Object.fromEntries(form) : parse(bytes);
    const asked = authorizer.demands(service, operation, body);
    demands.push(...asked);
    const current = policy;
    const refused = current === null ? undefined : asked.find((demand) => !allows(current, demand));
    if (refused !== undefined) {
      denied.push(refused);
      const who = `arn:aws:iam::${options.account}:user/x`;
      answerJson(response, 400, {
        __type: 'com.amazon.coral.service#AccessDeniedException',
        Message: `User: ${who} is not authorized to perform: ${refused.action} on resource: ${refused.resource} because no identity-based policy allows the ${refused.action} action`,
      });
      return;
    }
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string' && !/^(host|connection|content-length|expect|transfer-encoding)$/.test(name))
        headers.set(name, value);
    const answer = await fetch(options.endpoint + (request.url ?? '/'), { method: 'POST', headers, body: bytes });
    const answered = await answer.text();
    authorizer.noteAnswer(body, parse(answered));
    const kept = [...answer.headers].filter(
      ([name]) => !/^(connection|content-length|content-encoding|transfer-encoding)$/.test(name),
    );
    response.writeHead(answer.status, Object.fromEntries(kept));
    response.end(answered);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) answerJson(response, 501, { __type: 'FailureOfTheProxy', message: String(error) });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    allow: (next) => {
      policy = next;
      demands.length = 0;
      denied.length = 0;
    },
    demands,
    denied,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
