import { EXIT } from '../errors.js';
import type { CommandDefinition, Outcome } from './definition.js';
import type { CommandSession } from './session.js';
import { declareSchemaOptions, type SetupFlags, toSetupRequest } from './setup-options.js';
import { FIND, LIST_BACKUPS, OBSERVE, optional } from './permissions.js';

async function run(session: CommandSession, flags: SetupFlags): Promise<Outcome> {
  const { environment } = await session.settings();
  const request = toSetupRequest(flags, environment.value);
  const [{ status }, { statusView }, { recordFiles }, context] = await Promise.all([
    import('../operations/tables/status.js'),
    import('./status-view.js'),
    import('./record-files.js'),
    session.context(),
  ]);
  const result = await status(context, await session.target(), request, await recordFiles(session));
  return {
    view: statusView(result, await session.placeText(result), session.advise),
    exitCode: flags.check === true && !result.inSync ? EXIT.found : EXIT.done,
  };
}

export const statusCommand: CommandDefinition = {
  name: 'status',
  group: 'tables',
  summary: 'the tables as they are, and how they differ from the layout',
  declare: (command) => {
    command.description(
      'Shows the tables as they are: state, items, keys, indexes, TTL, stream, billing, recovery, protection, tags, ' +
        'replicas, the newest backup, and how they differ from the layout. Changes nothing.',
    );
    command.option('--check', 'exit 3 when the tables differ from the layout');
    declareSchemaOptions(command);
  },
  needs: [...FIND, ...OBSERVE, ...optional(LIST_BACKUPS)],
  examples: [
    { command: 'mcp-sessions status --local', does: 'the tables of the embedded engine' },
    { command: 'mcp-sessions status --check --quiet', does: 'for a pipeline: exit 3 on drift' },
    { command: "mcp-sessions status --json | jq '.tables[].drift'", does: 'just the differences' },
  ],
  run: (session, _args, command) => run(session, command.opts<SetupFlags>()),
};
