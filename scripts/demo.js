// What the command does, on the embedded engine: tables, a few sessions in them, and a look at both.
// Runs again without harm: setup finds its tables, seed adds a few sessions more.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// What is set for other tables and other engines has no business here.
const isSetting = (name) => /^(?:AWS_|DYNAMODB_|MCP_|ENVIRONMENT$)/.test(name);
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSetting(name)));
const run = (...args) =>
  execFileSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });

run('scripts/build.js');
for (const command of ['setup --local --yes', 'seed --local --count 6', 'status --local', 'list --local']) {
  console.log(`\n$ mcp-sessions ${command}`);
  run('bin/mcp-sessions.js', ...command.split(' '));
}
console.log('\nThe tables are in .mcp-sessions/; go on with: node bin/mcp-sessions.js --help');
