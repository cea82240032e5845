import {
  type CallRecord,
  connect,
  type Credentials,
  isLoopback,
  PLACEHOLDER_CREDENTIALS,
  profileNames,
  readProfile,
} from '../dynamodb/client.js';
import { CliError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Layout } from '../schema/index.js';
import type { OperationContext } from './context.js';
import type { LargeScan } from './sessions/large-scan.js';

export { isLoopback, profileNames };

export interface ConnectRequest {
  readonly region: string | null;
  readonly profile: string | null;
  /** Whether the profile was named on the command line: then it beats credentials in the environment. */
  readonly profileIsFlag: boolean;
  readonly endpoint: string | null;
  /** Where DynamoDB Streams answers, if not at the endpoint. */
  readonly streamsEndpoint?: string | null;
  /** Where CloudWatch answers, if it is told. */
  readonly cloudWatchEndpoint?: string | null;
  /** The data file of the embedded engine, absolute; null when it is not wanted. */
  readonly localFile: string | null;
  /**
   * Is told that the data file is not there. None is made then: an engine in memory stands for it, without a table.
   * Left out, the file is made.
   */
  readonly onNoDataFile?: (file: string) => void;
  readonly layouts: readonly Layout[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly onProgress: (progress: Progress) => void;
  readonly onCall?: (call: CallRecord) => void;
  readonly onLargeScan?: (scan: LargeScan) => void;
  /** Who asks, for others that find the data file in use: `mcp-sessions list`. */
  readonly label: string;
}

export interface Connection {
  readonly context: OperationContext;
  /** Closes the connection and lets go of the embedded engine, which stops with its last user. */
  close(): Promise<void>;
}

const LOCAL_REGION = 'us-east-1';

/** Connects to AWS, to an endpoint, or to the embedded engine, which is started when it does not run yet. */
export async function openConnection(request: ConnectRequest): Promise<Connection> {
  if (request.localFile !== null) return openLocal(request, request.localFile);
  const { endpoint } = request;
  const profile = await readProfile(request.profile);
  const region = request.region ?? profile.region ?? (endpoint === null ? null : LOCAL_REGION);
  const isLocal = endpoint !== null && isLoopback(endpoint);
  // An engine on this machine takes any credentials: AWS_PROFILE may well stand for a place where there are some.
  if (request.profile !== null && !profile.exists && (request.profileIsFlag || !isLocal))
    throw new CliError(
      'CREDENTIALS_MISSING',
      `there is no profile '${request.profile}' in the AWS configuration files`,
      {
        hint: '`aws configure list-profiles` shows those that are there',
      },
    );
  if (region === null)
    throw new CliError('REGION_MISSING', 'no AWS region is set, and none is guessed', {
      hint: 'give --region eu-west-1 (or yours), set AWS_REGION, or add --local to work without AWS',
    });
  const fromEnv = request.profileIsFlag ? null : environmentCredentials(request.env);
  const credentials = fromEnv ?? (isLocal && !profile.hasCredentials ? PLACEHOLDER_CREDENTIALS : null);
  return openWith(
    request,
    {
      region,
      endpoint,
      streamsEndpoint: request.streamsEndpoint ?? null,
      cloudWatchEndpoint: request.cloudWatchEndpoint ?? null,
      profile: request.profile,
      credentials,
      heedsStatements: endpoint === null,
    },
    async () => {},
  );
}

async function openLocal(request: ConnectRequest, dataFile: string): Promise<Connection> {
  const { acquireEngine, isMissing, startEngine } = await import('../local/index.js');
  const { env, label, signal, onNoDataFile } = request;
  const isEmpty = onNoDataFile !== undefined && isMissing(dataFile);
  const engine = isEmpty
    ? await startEngine({ dataFile: null, env, signal, keepsAlive: false })
    : await acquireEngine({ dataFile, env, label, signal });
  if (isEmpty) onNoDataFile(dataFile);
  return openWith(
    request,
    {
      region: request.region ?? LOCAL_REGION,
      endpoint: engine.endpoint,
      streamsEndpoint: null,
      cloudWatchEndpoint: false,
      profile: null,
      // Real credentials have no business with an engine on this machine.
      credentials: PLACEHOLDER_CREDENTIALS,
      heedsStatements: engine.info.kind === 'dynoxide',
    },
    () => engine.release(),
  );
}

interface Place {
  readonly heedsStatements: boolean;
  readonly region: string;
  readonly endpoint: string | null;
  readonly streamsEndpoint: string | null;
  readonly cloudWatchEndpoint: string | null | false;
  readonly profile: string | null;
  readonly credentials: Credentials | null;
}

function openWith(request: ConnectRequest, place: Place, release: () => Promise<void>): Connection {
  const { signal, now, onProgress, layouts, onCall, onLargeScan } = request;
  const dynamo = connect({ ...place, signal, ...(onCall === undefined ? {} : { onCall }) });
  return {
    context: {
      dynamo,
      now,
      signal,
      onProgress,
      layouts,
      heedsStatements: place.heedsStatements,
      ...(onLargeScan === undefined ? {} : { onLargeScan }),
    },
    close: async () => {
      dynamo.destroy();
      await release();
    },
  };
}

function environmentCredentials(env: NodeJS.ProcessEnv): Credentials | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}
