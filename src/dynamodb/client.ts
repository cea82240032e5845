import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { BoundedHandler } from './bounded-handler.js';
import { keepProtoKeys } from './proto-key.js';
import { countRefusals } from './refusals.js';
import { markUnrepeatable } from './repeats.js';
import { BriefRetries } from './retries.js';

/** One answered or failed AWS call, for `--verbose` and for the sums of capacity. */
export interface CallRecord {
  readonly operation: string;
  readonly table: string | null;
  /** Milliseconds from request to answer, retries included. */
  readonly ms: number;
  /** HTTP status, null when no answer came. */
  readonly status: number | null;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly retries: number;
  readonly error: string | null;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ConnectOptions {
  readonly region: string;
  /** null for AWS itself. */
  readonly endpoint: string | null;
  /** Where DynamoDB Streams answers; null or left out: at the endpoint, or for AWS itself at AWS's own host for them. */
  readonly streamsEndpoint?: string | null;
  /**
   * Where CloudWatch answers; false: nowhere. null or left out: for AWS itself at AWS's own host, for an endpoint on this
   * machine, which may imitate more than DynamoDB, there as well, and for any other nowhere.
   */
  readonly cloudWatchEndpoint?: string | null | false;
  readonly profile: string | null;
  /** Fixed credentials; null for the SDK's own chain. */
  readonly credentials: Credentials | null;
  readonly signal: AbortSignal;
  readonly onCall?: (call: CallRecord) => void;
}

/** A connection to one region's DynamoDB, or to an endpoint that speaks its protocol. */
export interface Dynamo {
  readonly region: string;
  readonly endpoint: string | null;
  /** null for AWS itself, which has a host of its own for streams. */
  readonly streamsEndpoint: string | null;
  /** null: there is none to ask. Its endpoint is null for AWS itself. */
  readonly cloudWatch: { readonly endpoint: string | null } | null;
  /** Whether this is AWS itself: other endpoints may lack whole features. */
  readonly isAws: boolean;
  readonly signal: AbortSignal;
  /** The SDK's client, for call.ts and streams.ts. Opaque, so that the library's types do not need the SDK's. */
  readonly sdk: object;
  readonly onCall: (call: CallRecord) => void;
  /** Shared by all copies of the connection. */
  readonly answers: Answers;
  destroy(): void;
}

/** What is known of whether the other end answers. */
export interface Answers {
  /** When the last answer came, on the clock of `performance.now()`; null before the first. */
  readonly lastAt: number | null;
  /** Notes that an answer came just now, of whatever kind. */
  note(): void;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0)$/;

/** Whether an endpoint is on this machine. */
export function isLoopback(endpoint: string): boolean {
  return LOOPBACK.test(new URL(endpoint).hostname);
}

/** What engines on this machine are given when there are no credentials: they want some, any will do. */
export const PLACEHOLDER_CREDENTIALS: Credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** What a profile may hold that leads to credentials. */
const CREDENTIAL_KEYS = [
  'aws_access_key_id',
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
  'login_session',
];

/** The AWS configuration files' region and whether they hold credentials, for a profile or the default one. */
export async function readProfile(
  name: string | null,
): Promise<{ readonly exists: boolean; readonly region: string | null; readonly hasCredentials: boolean }> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const profile = { ...configFile[name ?? 'default'], ...credentialsFile[name ?? 'default'] };
  return {
    exists: Object.keys(profile).length > 0,
    region: profile.region ?? null,
    hasCredentials: CREDENTIAL_KEYS.some((key) => profile[key] !== undefined),
  };
}

/** Names of the profiles in the AWS configuration files. */
export async function profileNames(): Promise<readonly string[]> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return [...new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)])].toSorted();
}

const AWS_CONNECT_TIMEOUT_MS = 3000;
const LOCAL_CONNECT_TIMEOUT_MS = 1000;
/**
 * How long a connection may say nothing: DynamoDB answers within a second or two, or not at all. It counts idleness, not
 * the whole request, so that a large batch on a slow line gets through.
 */
const IDLE_TIMEOUT_MS = 5000;
/** An engine on one core takes longer over a batch when many come at once: once it has answered, it is known to be there. */
const PROVEN_ENGINE_IDLE_TIMEOUT_MS = 30_000;
/** How long a whole answer may take: 1 MB, the most that a page has, on a very slow line. */
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_SOCKETS = 128;

/** What AWS's configuration files could say of an endpoint does not hold for one that was named: they are not read for it. */
export const ENDPOINT_AS_GIVEN = {
  accountIdEndpointMode: 'disabled',
  authSchemePreference: [],
  defaultsMode: 'legacy',
  endpointDiscoveryEnabled: false,
  retryMode: 'standard',
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
} as const satisfies Partial<DynamoDBClientConfig>;

/** What is not AWS and not on this machine, a VPC's endpoint say, is DynamoDB alone. */
function cloudWatchOf({ endpoint, cloudWatchEndpoint: given = null }: ConnectOptions): Dynamo['cloudWatch'] {
  if (given === false) return null;
  if (given !== null) return { endpoint: given };
  return endpoint === null || isLoopback(endpoint) ? { endpoint } : null;
}

/** Makes a connection. No call is sent before the first use, and credentials are looked up only then. */
export function connect(options: ConnectOptions): Dynamo {
  const { region, endpoint, profile, credentials, signal } = options;
  // Every call in flight listens for the interruption; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  const isLocal = endpoint !== null && isLoopback(endpoint);
  // Our own: a handler whose settings were changed forgets to close its agents.
  const agents = {
    http: new HttpAgent({ maxSockets: MAX_SOCKETS, keepAlive: true }),
    https: new HttpsAgent({ maxSockets: MAX_SOCKETS, keepAlive: true }),
  };
  const handlerOptions = {
    connectionTimeout: isLocal ? LOCAL_CONNECT_TIMEOUT_MS : AWS_CONNECT_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS,
    httpAgent: agents.http,
    httpsAgent: agents.https,
  };
  const handler = new BoundedHandler(handlerOptions, ANSWER_TIMEOUT_MS);
  const client = new DynamoDBClient({
    region,
    ...(endpoint === null ? {} : { endpoint, ...ENDPOINT_AS_GIVEN }),
    ...(profile === null ? {} : { profile }),
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
    cacheMiddleware: true,
    retryStrategy: new BriefRetries(signal),
    requestHandler: handler,
  });
  // It copies every answer for a log that nobody keeps: a tenth of the time that a scan takes. `onCall` tells of calls.
  client.middlewareStack.remove('loggerMiddleware');
  keepProtoKeys(client);
  countRefusals(client);
  markUnrepeatable(client);
  return {
    region,
    endpoint,
    streamsEndpoint: options.streamsEndpoint ?? endpoint,
    cloudWatch: cloudWatchOf(options),
    isAws: endpoint === null,
    signal,
    sdk: client,
    onCall: options.onCall ?? (() => {}),
    answers: answersOf(() => {
      if (endpoint !== null) handler.updateHttpClientConfig('socketTimeout', PROVEN_ENGINE_IDLE_TIMEOUT_MS);
    }),
    destroy: () => {
      client.destroy();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function answersOf(onFirst: () => void): Answers {
  let lastAt: number | null = null;
  return {
    get lastAt() {
      return lastAt;
    },
    note: () => {
      if (lastAt === null) onFirst();
      lastAt = performance.now();
    },
  };
}
