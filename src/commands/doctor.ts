import type { CommandDefinition } from './definition.js';
import { FIND, LIST_BACKUPS, OBSERVE, optional } from './permissions.js';

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  group: 'tools',
  summary: 'check settings, credentials, permissions, tables and TTL values; each finding with its cure',
  declare: (command) => {
    command.description(
      'Checks everything that a command relies on: settings and where each came from, engine, credentials, ' +
        'region, endpoint, permissions, tables, schema, TTL values. Changes nothing. Exits 3 when there is a finding.',
    );
  },
  needs: [
    ...FIND,
    ...OBSERVE,
    { on: 'table', actions: ['dynamodb:Scan'] },
    ...optional(LIST_BACKUPS, [{ on: 'any', actions: ['dynamodb:ListTables'] }]),
  ],
  examples: [
    { command: 'mcp-sessions doctor', does: 'why does it not work?' },
    { command: "mcp-sessions doctor --json | jq '.findings[] | select(.ok | not)'", does: 'just what is wrong' },
  ],
  run: async (session) => {
    const { runDoctor } = await import('./doctor-run.js');
    return runDoctor(session);
  },
};
