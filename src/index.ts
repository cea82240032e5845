/**
 * The library: the schema module, the operations behind the commands, and the embedded engine for tests.
 * Everything here answers with plain data, prints nothing, and throws CliError.
 */
export { CliError, type ErrorCode, EXIT, type ExitCode } from './errors.js';
export {
  type AcquireOptions,
  acquireEngine,
  type EngineInfo,
  type LocalEngine,
  startEngine,
  type StartEngineOptions,
} from './local/index.js';
export { type Connection, type ConnectRequest, openConnection } from './operations/connect.js';
export type { OperationContext } from './operations/context.js';
export { detect } from './operations/tables/detect.js';
export type { LargeScan } from './operations/sessions/large-scan.js';
export { list, type ListIndex, type ListRequest, type ListResult, streamSessions } from './operations/sessions/list.js';
export { seed, type SeedRequest, type SeedResult } from './operations/sessions/seed.js';
export {
  applySetup,
  planSetup,
  type SetupPlan,
  type SetupRequest,
  type SetupResult,
} from './operations/setup/setup.js';
export { show, type ShowRequest, type ShowResult } from './operations/sessions/show.js';
export { stats, type StatsRequest, type StatsResult } from './operations/stats/stats.js';
export { status, type StatusResult } from './operations/tables/status.js';
export { resolveTarget, type Target, type TargetRequest } from './operations/target.js';
export type { Progress } from './progress.js';
export * from './schema/index.js';
