import { CliError, type ErrorCode } from '../errors.js';

/** Where a call went, for messages. */
export interface CallSite {
  readonly operation: string;
  readonly table: string | null;
  readonly region: string;
  /** null for AWS itself. */
  readonly endpoint: string | null;
}

const place = ({ region, endpoint }: CallSite): string => (endpoint === null ? region : `${region} at ${endpoint}`);

const target = (site: CallSite): string =>
  site.table === null ? `in ${place(site)}` : `on table '${site.table}' in ${place(site)}`;

interface AwsFailure {
  readonly name: string;
  readonly message: string;
  /** Node's code of a network error: ECONNREFUSED, ENOTFOUND, … */
  readonly code: string | null;
  readonly status: number | null;
}

const text = (value: object, key: string): string | null => {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : null;
};

function failureOf(error: unknown): AwsFailure {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error), code: null, status: null };
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : null;
  // Node tries each address of a host; an AggregateError carries the code but no message.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return {
    name: error.name,
    message: error.message === '' ? inner.message : error.message,
    code: text(error, 'code') ?? text(inner, 'code'),
    status: typeof status === 'number' ? status : null,
  };
}

type Explain = (
  failure: AwsFailure,
  site: CallSite,
) => { readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** Node's codes of a name that the name service does not know, or cannot be asked for. */
const isUnresolved = (code: string | null): boolean => code === 'ENOTFOUND' || code === 'EAI_AGAIN';

/** A socket that was opened and then stayed quiet. */
const isSilent = (name: string, message: string): boolean =>
  name === 'TimeoutError' && /inactivity|request socket/.test(message);

const unreachable: Explain = ({ message, code, name }, site) =>
  site.endpoint === null
    ? {
        code: code === 'ENOTFOUND' ? 'REGION_UNKNOWN' : 'ENDPOINT_UNREACHABLE',
        message:
          code === 'ENOTFOUND'
            ? `no DynamoDB answers for region '${site.region}' (${message})`
            : `DynamoDB in ${site.region} cannot be reached: ${message || name}`,
        hint:
          code === 'ENOTFOUND'
            ? `check the spelling of --region (eu-west-1, us-east-1, …), and that this machine resolves names`
            : 'check the network, a proxy or firewall, and VPC endpoints',
      }
    : {
        code: 'ENDPOINT_UNREACHABLE',
        message: isSilent(name, message)
          ? `${site.endpoint} takes connections and does not answer ${site.operation}`
          : `nothing answers ${site.operation} at ${site.endpoint}: ${message || code || name}`,
        hint: isSilent(name, message)
          ? 'whatever listens there hangs, or is no DynamoDB: look at it, or check --endpoint-url'
          : isUnresolved(code)
            ? 'no such host is known: check the spelling of --endpoint-url; `--local` needs none'
            : 'start the engine, or check --endpoint-url; `--local` needs none: it brings its own engine',
      };

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

const EXPLAIN: Readonly<Record<string, Explain>> = {
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

/** Whether a call ended because nothing came over its connection for too long. */
export const isSilence = (error: unknown): boolean => error instanceof Error && isSilent(error.name, error.message);

/** A call without an answer while others had theirs: as good as throttled. */
export const overloaded = (cause: unknown, site: CallSite): CliError =>
  build(
    {
      code: 'THROTTLED',
      message: `${place(site)} answers other calls, but not ${site.operation}: it has more to do than it can`,
      hint: 'run again with a lower --concurrency, or when it has less to do',
    },
    cause,
  );

const NETWORK_NAMES = new Set(['TimeoutError', 'AggregateError', 'RequestTimeout']);
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** Turns whatever the SDK throws into an error that says what, where and what to do. */
export function toCliError(error: unknown, site: CallSite): CliError {
  if (error instanceof CliError) return error;
  const failure = failureOf(error);
  const known = EXPLAIN[failure.name];
  if (known !== undefined) return build(known(failure, site), error);
  if ((failure.code !== null && NETWORK_CODES.has(failure.code)) || NETWORK_NAMES.has(failure.name))
    return build(unreachable(failure, site), error);
  if (failure.name === 'SyntaxError' || failure.status === 404 || failure.status === 405)
    return build(
      {
        code: 'ENDPOINT_NOT_DYNAMODB',
        message: `${site.endpoint ?? place(site)} answers, but not as DynamoDB does (HTTP ${failure.status ?? 'unknown'} to ${site.operation})`,
        hint: 'check --endpoint-url: it must be the address of a DynamoDB endpoint, without a path',
      },
      error,
    );
  return build(
    {
      code: 'AWS_ERROR',
      message: `${site.operation} ${target(site)} failed: ${failure.name}${failure.message === '' ? '' : `: ${failure.message}`}`,
      hint: 'run again with --verbose to see each call',
    },
    error,
  );
}

const build = ({ code, message, hint }: ReturnType<Explain>, cause: unknown): CliError =>
  new CliError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
