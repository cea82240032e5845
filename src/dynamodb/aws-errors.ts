import { type AwsFailure, type CallSite, type Explain, place, target } from './failure.js';

const AUTH_HINT =
  'set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows who you are. ' +
  'To try without an account, add --local';

const credentialsMissing: Explain = ({ message }, site) => ({
  code: 'CREDENTIALS_MISSING',
  message: `no AWS credentials for ${site.region}: ${message}`,
  hint: AUTH_HINT,
});

const credentialsExpired: Explain = ({ message }, site) => ({
  code: 'CREDENTIALS_EXPIRED',
  message: `the AWS credentials have expired (${site.operation} in ${place(site)}: ${message})`,
  hint: 'sign in again (`aws sso login`), or fetch new temporary credentials',
});

const credentialsInvalid: Explain = ({ message, name }, site) => ({
  code: 'CREDENTIALS_INVALID',
  message: `AWS does not accept the credentials (${name} in ${place(site)}: ${message})`,
  hint: /Signature (?:expired|not yet current)/i.test(message)
    ? "set this machine's clock: AWS refuses signatures that are some minutes off"
    : `${AUTH_HINT}. A region that has to be opted into must be enabled in the account`,
});

const accessDenied: Explain = ({ message }, site) => {
  const action = /perform: (\S+)/.exec(message)?.[1] ?? `dynamodb:${site.operation}`;
  const resource = /on resource: (\S+)/.exec(message)?.[1];
  const who = /User: (\S+)/.exec(message)?.[1];
  return {
    code: 'ACCESS_DENIED',
    message: `access denied: ${who ?? 'these credentials'} may not ${action} ${target(site)}`,
    hint: `allow ${action}${resource === undefined ? '' : ` on ${resource}`} in an IAM policy of that identity`,
  };
};

const STREAM_OPERATIONS = new Set(['DescribeStream', 'GetShardIterator', 'GetRecords']);

function streamMissing(message: string, site: CallSite): ReturnType<Explain> {
  return {
    code: 'STREAM_NOT_FOUND',
    message: `${site.operation}: the stream ${target(site)} is not there: ${message}`,
    hint: '`mcp-sessions streams status` shows the streams; one that was turned off is gone a day later',
  };
}

/** What AWS's exceptions mean, by their names. */
export const EXPLAIN: Readonly<Record<string, Explain>> = {
  CredentialsProviderError: (failure, site) =>
    /expired/i.test(failure.message) ? credentialsExpired(failure, site) : credentialsMissing(failure, site),
  TokenProviderError: credentialsExpired,
  ExpiredTokenException: credentialsExpired,
  ExpiredToken: credentialsExpired,
  RequestExpired: credentialsExpired,
  UnrecognizedClientException: credentialsInvalid,
  InvalidSignatureException: credentialsInvalid,
  IncompleteSignatureException: credentialsInvalid,
  InvalidClientTokenId: credentialsInvalid,
  SignatureDoesNotMatch: credentialsInvalid,
  MissingAuthenticationTokenException: credentialsInvalid,
  AccessDeniedException: accessDenied,
  AccessDenied: accessDenied,
  // One exception for tables, their indexes and streams: only its text, or the operation, tells which is missing.
  ResourceNotFoundException: ({ message }, site) =>
    STREAM_OPERATIONS.has(site.operation)
      ? streamMissing(message, site)
      : /\bindex: /i.test(message)
        ? refused(message, site)
        : tableMissing(message, site),
  TableNotFoundException: (failure, site) => ({
    code: 'TABLE_NOT_FOUND',
    message: `table '${site.table ?? ''}' does not exist in ${place(site)}: ${failure.message}`,
  }),
  ResourceInUseException: ({ message }, site) => ({
    code: 'TABLE_BUSY',
    message: `${site.operation} is not possible now ${target(site)}: ${message}`,
    hint: 'the table is being created, changed or deleted: `mcp-sessions status` shows its state; run the command again once it is ACTIVE. If it is, this endpoint refuses the change itself',
  }),
  BackupNotFoundException: ({ message }, site) => ({
    code: 'BACKUP_NOT_FOUND',
    message: `${site.operation} ${target(site)}: ${message}`,
    hint: '`mcp-sessions backup list` shows the backups there are; a deleted one is gone for good',
  }),
  BackupInUseException: ({ message }, site) => ({
    code: 'BACKUP_BUSY',
    message: `${site.operation} is not possible now ${target(site)}: ${message}`,
    hint: 'the backup is being created, deleted or restored from: `mcp-sessions backup list` shows its state; run the command again once it is AVAILABLE',
  }),
  ContinuousBackupsUnavailableException: ({ message }, site) => ({
    code: 'BACKUPS_UNAVAILABLE',
    message: `${site.operation} is not possible yet ${target(site)}: ${message}`,
    hint: "AWS is still preparing the new table's backups: run the command again in a minute",
  }),
  PointInTimeRecoveryUnavailableException: ({ message }, site) => ({
    code: 'RECOVERY_UNAVAILABLE',
    message: `${site.operation} is not possible ${target(site)}: ${message}`,
    hint: 'point-in-time recovery is off: restore from a backup (`mcp-sessions backup list`); `mcp-sessions setup --pitr` turns it on for the future',
  }),
  InvalidExportTimeException: ({ message }, site) => ({
    code: 'RECOVERY_UNAVAILABLE',
    message: `${site.operation} ${target(site)}: ${message}`,
    hint: 'choose instants within the recovery window; an incremental export spans 15 minutes to 24 hours',
  }),
  ExportConflictException: underWay,
  ImportConflictException: underWay,
  InvalidRestoreTimeException: ({ message }, site) => ({
    code: 'RECOVERY_UNAVAILABLE',
    message: `${site.operation} ${target(site)}: ${message}`,
    hint: 'choose an instant between the earliest and the latest restorable time; the latest is about five minutes ago',
  }),
  TableAlreadyExistsException: ({ message }, site) => ({
    code: 'TABLE_EXISTS',
    message: `${site.operation} needs a new table, and there is one of that name in ${place(site)}: ${message}`,
    hint: 'name another one with --to-table',
  }),
  TableInUseException: ({ message }, site) => ({
    code: 'TABLE_BUSY',
    message: `${site.operation} is not possible now ${target(site)}: ${message}`,
    hint: 'the table is being created, restored or deleted: `mcp-sessions status` shows its state; run the command again once it is ACTIVE',
  }),
  LimitExceededException: (failure, site) =>
    STREAM_OPERATIONS.has(site.operation)
      ? { ...throttled(failure, site), hint: 'a shard of a stream takes two readers: look whether there are others' }
      : {
          code: 'LIMIT_EXCEEDED',
          message: `${site.operation} ${target(site)} meets an AWS limit: ${failure.message}`,
          hint: 'wait for the table operations under way to end, then run the command again',
        },
  ProvisionedThroughputExceededException: throttled,
  ThrottlingException: throttled,
  RequestLimitExceeded: throttled,
  UnknownOperationException: (_, site) => ({
    code: 'NOT_SUPPORTED',
    message: `${place(site)} does not offer ${site.operation}`,
  }),
  ValidationException: ({ message }, site) => refused(message, site),
};

function underWay({ message }: AwsFailure, site: CallSite): ReturnType<Explain> {
  return {
    code: 'BACKUP_BUSY',
    message: `${site.operation} is not possible now ${target(site)}: ${message}`,
    hint: 'another export or import of the same is under way: wait for it to end',
  };
}

function refused(message: string, site: CallSite): ReturnType<Explain> {
  return { code: 'REQUEST_INVALID', message: `${site.operation} ${target(site)} was refused: ${message}` };
}

function tableMissing(message: string, site: CallSite): ReturnType<Explain> {
  return {
    code: 'TABLE_NOT_FOUND',
    message:
      site.table === null
        ? `${site.operation} in ${place(site)}: ${message}`
        : `table '${site.table}' does not exist in ${place(site)}`,
    hint: '`mcp-sessions setup` creates it; check --region, --endpoint-url and the table names if it should be there',
  };
}

function throttled({ message }: AwsFailure, site: CallSite): ReturnType<Explain> {
  return {
    code: 'THROTTLED',
    message: `${site.operation} ${target(site)} was throttled, also after retries: ${message}`,
    hint: 'raise the capacity of the table, or run again when it has less to do',
  };
}
