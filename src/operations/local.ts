import { type LocalEngine, resetData, startEngine } from '../local/index.js';
import type { OperationContext } from './context.js';
import { type Connection, type ConnectRequest, openConnection } from './connect.js';
import { applySetup, planSetup } from './setup/setup.js';
import { resolveTarget, type Target, type TargetRequest } from './target.js';

export { resetData, startEngine };

/** Variables that point an application, and this command itself, to an engine. */
export function engineVariables(
  engine: Pick<LocalEngine, 'endpoint'>,
  region: string,
  tables: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: engine.endpoint,
    AWS_REGION: region,
    // boto3 and the AWS CLI read this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...tables,
  };
}

type EngineRequest = Pick<ConnectRequest, 'region' | 'layouts' | 'signal' | 'now' | 'onProgress' | 'label'>;

/** Connects to an engine that runs, with nothing of the user's own account. */
export async function connectToEngine(
  engine: Pick<LocalEngine, 'endpoint'>,
  request: EngineRequest,
): Promise<Connection> {
  return openConnection({
    ...request,
    profile: null,
    profileIsFlag: false,
    endpoint: engine.endpoint,
    localFile: null,
    env: {},
  });
}

/** Brings the tables of a target to their layout's schema, in an engine. Throws what kept it from being done. */
export async function setUpTables(
  context: OperationContext,
  request: TargetRequest,
  environment: string,
): Promise<Target> {
  const target = await resolveTarget(context, request);
  const plan = await planSetup(context, target, { overrides: { environment }, prune: false });
  const { error } = await applySetup(context, plan, { wait: true });
  if (error !== null) throw error;
  return target;
}
