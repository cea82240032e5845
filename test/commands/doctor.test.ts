import { describe, expect, it } from 'vitest';
import { awsFaults } from '../support/aws-double.js';
import { useEngine } from '../support/engine.js';
import { at, runCommand } from '../support/run-command.js';
import { closeAll, freshName, setUp, startDouble } from '../operations/harness.js';

closeAll();
const engine = useEngine();

/** The detail of the finding about a table's permissions, where AWS refuses an action on it. */
async function refused(operation: string, role: 'sessions' | 'events', check: string): Promise<string> {
  const running = await startDouble(engine.endpoint);
  const sessions = freshName('doctor');
  const tables = { sessions, events: `${sessions}-events` };
  await setUp(running.context(), tables);
  running.double.inject({ operation, table: tables[role], error: awsFaults.accessDenied(operation, tables[role]) });
  const names = ['--layout', 'mcp', '--sessions-table', sessions, '--events-table', tables.events];
  const { code, stdout } = await runCommand(['doctor', '--json', ...names, ...at(running.double.endpoint)]);
  expect(code).toBe(3);
  const { findings } = JSON.parse(stdout);
  return findings.find((finding: { check: string }) => finding.check === check).detail;
}

describe('doctor, where AWS refuses an action', () => {
  it('says which commands do not work without it', async () => {
    const detail = await refused('Scan', 'sessions', 'sessions permissions');
    const [always = '', sometimes = ''] = detail.split('; ').slice(1);
    expect(always).toMatch(/^not to be used without it: /);
    // As they declare it, and not those that only find a layout by it.
    expect(always.split(': ')[1]?.split(', ')).toEqual(expect.arrayContaining(['list', 'stats', 'purge']));
    expect(always).not.toMatch(/\b(?:doctor|show|setup|status|seed)\b/);
    expect(sometimes).toMatch(/^in some cases not: .*backup create/);
  });
});
