import type {} from 'vitest';
import type { ProvidedTables } from './global-setup.js';

/** The same global set-up, with the type of `inject('mcpSessions')`; its declarations need those of vitest. */
export { default, globalSetup } from './index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    mcpSessions: ProvidedTables;
  }
}
