import { startTestTables, type TestTables, type TestTablesOptions } from './start.js';

/** What tests can `inject('mcpSessions')`. */
export type ProvidedTables = Pick<TestTables, 'endpoint' | 'region' | 'layout' | 'tables' | 'env'>;

/** What is needed of vitest's project, so that vitest need not be there. */
export interface VitestProject {
  readonly config?: { readonly root?: string };
  readonly provide: (key: 'mcpSessions', value: ProvidedTables) => void;
}

export type VitestSetup = (project?: VitestProject) => Promise<() => Promise<void>>;

/**
 * A global set-up for vitest: tables before the first test, which find them in `process.env` and in
 * `inject('mcpSessions')`; after the last one all is as it was.
 */
export function globalSetup(options: TestTablesOptions = {}): VitestSetup {
  return async (project) => {
    const root = project?.config?.root;
    const started = await startTestTables({ ...(root !== undefined && { folder: root }), ...options });
    const { endpoint, region, layout, tables, env } = started;
    const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, env);
    project?.provide('mcpSessions', { endpoint, region, layout, tables, env });
    return async () => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await started.stop();
    };
  };
}
