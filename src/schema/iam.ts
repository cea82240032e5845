import type { TableRole } from './types.js';

/** The IAM actions that commands and applications need; those that AWS asks for in a caller's name too. */
export type IamAction =
  | 'cloudwatch:DescribeAlarms'
  | `dynamodb:${DynamoAction}`
  | `kms:${KeyAction}`
  | `logs:${LogAction}`
  | `s3:${'AbortMultipartUpload' | 'GetObject' | 'ListBucket' | 'PutObject'}`;

type DynamoAction =
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'CreateBackup'
  | 'CreateTable'
  | 'CreateTableReplica'
  | 'DeleteBackup'
  | 'DeleteItem'
  | 'DeleteTable'
  | 'DescribeBackup'
  | 'DescribeContinuousBackups'
  | 'DescribeExport'
  | 'DescribeImport'
  | 'DescribeKinesisStreamingDestination'
  | 'DescribeStream'
  | 'DescribeTable'
  | 'DescribeTimeToLive'
  | 'ExportTableToPointInTime'
  | 'GetItem'
  | 'GetRecords'
  | 'GetResourcePolicy'
  | 'GetShardIterator'
  | 'ImportTable'
  | 'ListBackups'
  | 'ListContributorInsights'
  | 'ListExports'
  | 'ListImports'
  | 'ListTables'
  | 'ListTagsOfResource'
  | 'PartiQLDelete'
  | 'PutItem'
  | 'PutResourcePolicy'
  | 'Query'
  | 'RestoreTableFromBackup'
  | 'RestoreTableToPointInTime'
  | 'Scan'
  | 'TagResource'
  | 'UpdateContinuousBackups'
  | 'UpdateItem'
  | 'UpdateTable'
  | 'UpdateTimeToLive';

type KeyAction =
  | 'CreateGrant'
  | 'Decrypt'
  | 'DescribeKey'
  | 'Encrypt'
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'ReEncryptFrom'
  | 'ReEncryptTo';

type LogAction =
  | 'CreateLogGroup'
  | 'CreateLogStream'
  | 'DescribeLogGroups'
  | 'DescribeLogStreams'
  | 'PutLogEvents'
  | 'PutRetentionPolicy';

/**
 * What an action is allowed on. `table` to `import` belong to a table of the layout, `replica` is that table in another
 * region; `any` is for actions that AWS knows no resource of.
 */
export type IamResource =
  | 'table'
  | 'index'
  | 'stream'
  | 'backup'
  | 'export'
  | 'import'
  | 'replica'
  | 'bucket'
  | 'objects'
  | 'log'
  | 'key'
  | 'any';

/** Actions that something needs to be allowed. */
export interface IamNeed {
  readonly on: IamResource;
  /** Only this table of the layout; left out: both. */
  readonly role?: TableRole;
  readonly actions: readonly IamAction[];
  /** When it is needed: flags, or what else leads to it, in words. Left out: always. */
  readonly when?: string;
  /** Without it a detail or a hint is missing, or a slower way is taken; the command works. */
  readonly optional?: true;
}

/** What a policy is about. */
export interface IamScope {
  /** A role of null is a table that stands for each, such as one that `restore` makes. The name may end in `*`. */
  readonly tables: readonly { readonly name: string; readonly role: TableRole | null }[];
  /** null for every region. */
  readonly region: string | null;
  /** Twelve digits; null for every account. */
  readonly account: string | null;
  /** Regions of replicas. */
  readonly replicas: readonly string[];
  /** Where exports go and imports come from; null leaves out what has to do with S3. */
  readonly bucket: { readonly name: string; readonly prefix: string } | null;
  /** ARN of a KMS key; null leaves out what has to do with one. */
  readonly key: string | null;
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly IamAction[];
  readonly Resource: readonly string[];
}

/** A policy as IAM takes it. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

/** AWS has parts that know nothing of each other; the region tells which one it is. */
function partitionOf(region: string | null): string {
  if (region?.startsWith('cn-') === true) return 'aws-cn';
  return region?.startsWith('us-gov-') === true ? 'aws-us-gov' : 'aws';
}

interface Place {
  readonly arn: string;
  /** For the statement's id: `Tables`, `Indexes`. */
  readonly kind: string;
  /** Whose it is, if one table's of the layout. */
  readonly role: TableRole | null;
}

/** What belongs to a table of the layout: what its ARN ends in, and how statements call it. */
const OF_TABLES = {
  table: ['', 'Tables'],
  index: ['/index/*', 'Indexes'],
  stream: ['/stream/*', 'Streams'],
  backup: ['/backup/*', 'Backups'],
  export: ['/export/*', 'Exports'],
  import: ['/import/*', 'Imports'],
  replica: ['', 'Replicas'],
} as const;

const isOfTables = (on: IamResource): on is keyof typeof OF_TABLES => on in OF_TABLES;

function tablePlaces(on: keyof typeof OF_TABLES, role: TableRole | undefined, scope: IamScope): readonly Place[] {
  const [end, kind] = OF_TABLES[on];
  const { tables, account, replicas } = scope;
  const partition = partitionOf(scope.region);
  return tables
    .filter((table) => role === undefined || table.role === null || table.role === role)
    .flatMap((table) =>
      (on === 'replica' ? replicas : [scope.region]).map((region) => ({
        arn: `arn:${partition}:dynamodb:${region ?? '*'}:${account ?? '*'}:table/${table.name}${end}`,
        kind,
        role: table.role,
      })),
    );
}

/** What does not belong to a table; null where the scope does not name it. */
function otherPlace(on: Exclude<IamResource, keyof typeof OF_TABLES>, scope: IamScope): Omit<Place, 'role'> | null {
  const { bucket, key, region, account } = scope;
  const partition = partitionOf(region);
  switch (on) {
    case 'any':
      return { arn: '*', kind: 'Account' };
    case 'key':
      return key === null ? null : { arn: key, kind: 'Key' };
    case 'bucket':
      return bucket && { arn: `arn:${partition}:s3:::${bucket.name}`, kind: 'Bucket' };
    case 'objects': {
      const folder = bucket === null || bucket.prefix === '' ? '' : `${bucket.prefix}/`;
      return bucket && { arn: `arn:${partition}:s3:::${bucket.name}/${folder}*`, kind: 'Objects' };
    }
    case 'log': {
      const group = `log-group:/aws-dynamodb/imports:*`;
      return bucket && { arn: `arn:${partition}:logs:${region ?? '*'}:${account ?? '*'}:${group}`, kind: 'Logs' };
    }
  }
}

function placesOf({ on, role }: IamNeed, scope: IamScope): readonly Place[] {
  if (isOfTables(on)) return tablePlaces(on, role, scope);
  const place = otherPlace(on, scope);
  return place === null ? [] : [{ ...place, role: null }];
}

/**
 * The smallest policy that grants what is needed: actions with the same resources share a statement. Needs whose resource
 * the scope does not name (a bucket, a key, replicas) are left out.
 */
export function policyOf(needs: readonly IamNeed[], scope: IamScope): PolicyDocument {
  const placesByAction = new Map<IamAction, Map<string, Place>>();
  for (const need of needs)
    for (const action of need.actions) {
      const places = placesByAction.get(action) ?? new Map<string, Place>();
      for (const place of placesOf(need, scope)) places.set(place.arn, place);
      placesByAction.set(action, places);
    }
  const statements = new Map<string, { readonly actions: IamAction[]; readonly places: readonly Place[] }>();
  for (const [action, places] of placesByAction) {
    if (places.size === 0) continue;
    const id = [...places.keys()].toSorted().join(' ');
    const statement = statements.get(id) ?? { actions: [], places: [...places.values()] };
    statement.actions.push(action);
    statements.set(id, statement);
  }
  const sids: string[] = [];
  return {
    Version: '2012-10-17',
    Statement: [...statements.values()].map(({ actions, places }) => {
      const name = nameOf(places);
      sids.push(name);
      const before = sids.filter((sid) => sid === name).length - 1;
      return {
        Sid: before === 0 ? name : `${name}${before + 1}`,
        Effect: 'Allow',
        Action: actions.toSorted(),
        Resource: places.map(({ arn }) => arn).toSorted(),
      };
    }),
  };
}

/** `TablesIndexes`; `SessionsTables` where only the sessions table is meant. */
function nameOf(places: readonly Place[]): string {
  const kinds = [...new Set(places.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const roles = new Set(places.filter((place) => place.kind === kind).flatMap(({ role }) => role ?? []));
      const [only] = roles;
      return `${roles.size !== 1 ? '' : only === 'sessions' ? 'Sessions' : 'Events'}${kind}`;
    })
    .join('');
}
