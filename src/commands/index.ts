import { backupCommand } from './backup.js';
import { completionCommand } from './completion.js';
import type { CommandDefinition } from './definition.js';
import { doctorCommand } from './doctor.js';
import { eventsCommand } from './events.js';
import { layoutsCommand } from './layouts.js';
import { listCommand } from './list.js';
import { localCommand } from './local.js';
import { purgeCommand } from './purge.js';
import { restoreCommand } from './restore.js';
import { schemaCommand } from './schema.js';
import { seedCommand } from './seed.js';
import { setupCommand } from './setup.js';
import { showCommand } from './show.js';
import { statsCommand } from './stats.js';
import { statusCommand } from './status.js';
import { streamsCommand } from './streams.js';
import { teardownCommand } from './teardown.js';

/** All commands, in the order in which help shows them. */
export const COMMANDS: readonly CommandDefinition[] = [
  setupCommand,
  statusCommand,
  backupCommand,
  restoreCommand,
  streamsCommand,
  teardownCommand,
  listCommand,
  showCommand,
  eventsCommand,
  purgeCommand,
  statsCommand,
  seedCommand,
  localCommand,
  layoutsCommand,
  schemaCommand,
  doctorCommand,
  completionCommand,
];
