export { type AcquireOptions, acquireEngine, type LocalEngine } from './acquire.js';
export { isMissing } from './data-file.js';
export { type EngineInfo, engineVersion, findEngine } from './find.js';
export { resetData } from './reset.js';
export { type StartEngineOptions, startEngine } from './start.js';
export { engineStatus } from './status.js';
