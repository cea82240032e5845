import { Chalk } from 'chalk';
import type { Terminal } from './io.js';
import { fitLine } from './plain-line.js';
import { sized } from './sized.js';

/** A line on stderr that moves. */
export interface Spinner {
  show(text: string): void;
  /** Writes text that stays, above the moving line. */
  above(text: string): void;
  /** Takes the line away; `show` brings it back. */
  stop(): void;
}

interface Ora {
  text: string;
  readonly isSpinning: boolean;
  start(): unknown;
  stop(): unknown;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ASCII_FRAMES = ['-', '\\', '|', '/'];

/** The frame, the space after it, and the last column, which some terminals wrap at. */
const AROUND_TEXT = 3;

/** A spinner for a terminal; ora is loaded when there is something to show. */
export function createSpinner(terminal: Terminal): Spinner {
  const { stderr, unicode } = terminal;
  let text = '';
  let wanted = false;
  let loading = false;
  let shown: Ora | undefined;

  const load = async (): Promise<void> => {
    const { ora } = await import('./ora.js');
    const chalk = new Chalk({ level: terminal.color(stderr) ? 1 : 0 });
    shown = ora({
      stream: sized(stderr, () => terminal.width(stderr)),
      isEnabled: true,
      // It would take Ctrl-C from the process; main listens for the signal.
      discardStdin: false,
      // Frames have their colour already: ora's own looks at stdout.
      color: false,
      spinner: { interval: 80, frames: (unicode ? FRAMES : ASCII_FRAMES).map((frame) => chalk.cyan(frame)) },
    });
    if (wanted) start(shown);
  };

  const start = (spinner: Ora): void => {
    spinner.text = text;
    if (!spinner.isSpinning) spinner.start();
  };

  return {
    show(next) {
      const width = terminal.width(stderr);
      text = fitLine(next, width === undefined ? undefined : width - AROUND_TEXT, unicode ? '…' : '...');
      wanted = true;
      if (shown !== undefined) {
        start(shown);
      } else if (!loading) {
        loading = true;
        // A spinner that cannot be loaded is no reason to fail.
        load().catch(() => undefined);
      }
    },
    above(line) {
      const spinning = shown?.isSpinning === true;
      if (spinning) shown?.stop();
      stderr.write(line);
      if (spinning && shown !== undefined) start(shown);
    },
    stop() {
      wanted = false;
      if (shown?.isSpinning === true) shown.stop();
    },
  };
}
