import type { ProvidedContext } from 'vitest';
import type { ProvidedTables } from './global-setup.js';

/** The same global set-up, with the type of `inject('mcpSessions')`; its declarations need those of vitest. */
export { default, globalSetup } from './index.js';

/** What `inject('mcpSessions')` gives. */
export type InjectedTables = ProvidedContext['mcpSessions'];

declare module 'vitest' {
  export interface ProvidedContext {
    mcpSessions: ProvidedTables;
  }
}
