import type { TableRole } from './types.js';

/** The IAM actions that commands and applications need; those that AWS asks for in a caller's name too. */
export type IamAction =
  | `cloudwatch:${'DescribeAlarms'}`
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
  /** What it is, for the statement's id. */
  readonly label: string;
}

const BELOW_TABLE: Readonly<Partial<Record<IamResource, string>>> = {
  table: '',
  index: '/index/*',
  stream: '/stream/*',
  backup: '/backup/*',
  export: '/export/*',
  import: '/import/*',
  replica: '',
};

const LABELS: Readonly<Partial<Record<IamResource, string>>> = {
  index: 'Indexes',
  stream: 'Streams',
  backup: 'Backups',
  export: 'Exports',
  import: 'Imports',
  replica: 'Replicas',
};

function placesOf({ on, role }: IamNeed, scope: IamScope): readonly Place[] {
  const { tables, account, bucket, key } = scope;
  const partition = partitionOf(scope.region);
  const [region, owner] = [scope.region ?? '*', account ?? '*'];
  if (on === 'any') return [{ arn: '*', label: 'Account' }];
  if (on === 'key') return key === null ? [] : [{ arn: key, label: 'Key' }];
  if (on === 'bucket') return bucket === null ? [] : [{ arn: `arn:${partition}:s3:::${bucket.name}`, label: 'Bucket' }];
  if (on === 'objects') {
    const prefix = bucket?.prefix === '' ? '' : `${bucket?.prefix ?? ''}/`;
    return bucket === null ? [] : [{ arn: `arn:${partition}:s3:::${bucket.name}/${prefix}*`, label: 'Objects' }];
  }
  if (on === 'log')
    return bucket === null
      ? []
      : [{ arn: `arn:${partition}:logs:${region}:${owner}:log-group:/aws-dynamodb/imports:*`, label: 'ImportLogs' }];
  const regions = on === 'replica' ? scope.replicas : [region];
  return tables
    .filter((table) => role === undefined || table.role === null || table.role === role)
    .flatMap((table) =>
      regions.map((at) => ({
        arn: `arn:${partition}:dynamodb:${at}:${owner}:table/${table.name}${BELOW_TABLE[on] ?? ''}`,
        label: `${role === undefined ? '' : role === 'sessions' ? 'Sessions' : 'Events'}${LABELS[on] ?? 'Tables'}`,
      })),
    );
}

/**
 * The smallest policy that grants what is needed: actions with the same resources share a statement. Needs whose resource
 * the scope does not name (a bucket, a key, replicas) are left out.
 */
export function policyOf(needs: readonly IamNeed[], scope: IamScope): PolicyDocument {
  const placesByAction = new Map<IamAction, Map<string, string>>();
  for (const need of needs)
    for (const action of need.actions) {
      const places = placesByAction.get(action) ?? new Map<string, string>();
      for (const { arn, label } of placesOf(need, scope)) places.set(arn, shorter(places.get(arn), label));
      placesByAction.set(action, places);
    }
  const statements = new Map<string, { actions: IamAction[]; places: ReadonlyMap<string, string> }>();
  for (const [action, places] of placesByAction) {
    if (places.size === 0) continue;
    const id = [...places.keys()].toSorted().join(' ');
    const statement = statements.get(id) ?? { actions: [], places };
    statement.actions.push(action);
    statements.set(id, statement);
  }
  const named = [...statements.values()].map(({ actions, places }) => ({
    Sid: [...new Set(places.values())].join(''),
    Effect: 'Allow' as const,
    Action: actions.toSorted(),
    Resource: [...places.keys()].toSorted(),
  }));
  return { Version: '2012-10-17', Statement: named.map((statement, at) => ({ ...statement, Sid: sidOf(named, at) })) };
}

/** A table that one need names by its role, and another does not, goes by the plain name. */
const shorter = (known: string | undefined, label: string): string =>
  known === undefined || label.length < known.length ? label : known;

/** Statement ids are unique within a policy. */
function sidOf(statements: readonly Pick<PolicyStatement, 'Sid'>[], at: number): string {
  const sid = statements[at]?.Sid ?? '';
  const before = statements.slice(0, at).filter((statement) => statement.Sid === sid).length;
  return before === 0 ? sid : `${sid}${before + 1}`;
}
