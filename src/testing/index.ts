/**
 * Tables for tests: an engine of their own, in memory, with a layout's tables. The default export is a global set-up for
 * vitest; `startTestTables` serves any other runner.
 */
import { globalSetup } from './global-setup.js';

export { globalSetup, type ProvidedTables, type VitestProject, type VitestSetup } from './global-setup.js';
export { startTestTables, type TestTables, type TestTablesOptions } from './start.js';

export default globalSetup();
