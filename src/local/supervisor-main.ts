import { Socket } from 'node:net';
import { Supervisor, type SupervisorConfig } from './supervisor.js';

// The process that owns an engine; see supervisor.ts. Started by a command, which it talks to over descriptor 3.
const config: SupervisorConfig = JSON.parse(process.argv[2] ?? '{}');
const supervisor = new Supervisor(config);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => supervisor.shutDown(`the supervisor of the local engine got ${signal}`));
}

async function main(): Promise<void> {
  await supervisor.run(new Socket({ fd: 3, readable: true, writable: true }));
  // Ends the connections that are left, which tells the commands behind them that the engine is stopped.
  // oxlint-disable-next-line no-process-exit
  process.exit(0);
}

void main();
