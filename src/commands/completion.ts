import { Argument } from 'commander';
import { SHELLS } from './completion/shells.js';
import type { CommandDefinition } from './definition.js';

export const completionCommand: CommandDefinition = {
  name: 'completion',
  group: 'tools',
  summary: 'a script that completes commands, flags and values with Tab, for bash, zsh or fish',
  declare: (command) => {
    command
      .description(
        'Prints a script that makes Tab complete commands, flags and their values: also tables, layouts, backups and session ' +
          'ids, looked up where the command line typed so far leads, for two seconds at the most. Ids of sessions are ' +
          'shown, and most are secrets: with MCP_SESSIONS_COMPLETION=static nothing is looked up.',
      )
      .addArgument(new Argument('<shell>', 'the shell that is to complete').choices(SHELLS));
  },
  needs: [],
  examples: [
    {
      command: 'mcp-sessions completion fish | source',
      does: 'in fish; for every shell to come, a line of ~/.config/fish/config.fish',
    },
    {
      command: 'eval "$(mcp-sessions completion bash)"',
      does: 'in bash; for every shell to come, a line of ~/.bashrc',
    },
    {
      command: 'source <(mcp-sessions completion zsh)',
      does: 'in zsh; for every shell to come, a line of ~/.zshrc, after compinit',
    },
  ],
  run: async (_session, [shell]) => {
    const { scriptView } = await import('./completion/scripts.js');
    return { view: scriptView(String(shell)) };
  },
};
