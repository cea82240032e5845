import { Writable } from 'node:stream';
import type { OutputStream } from './io.js';

const ESCAPE = '\u001b';
const COLOUR = new RegExp(String.raw`${ESCAPE}\[[\d;]*m`, 'g');

/**
 * What a prompt writes to instead of stderr itself. inquirer ends its output after each question, which must not close
 * stderr; and it decides on colour by what stdout is, knowing nothing of `--no-color`, so colour is taken out here.
 */
export class PromptOutput extends Writable {
  readonly #target: OutputStream;
  readonly #color: boolean;

  constructor(target: OutputStream, color: boolean) {
    super({ decodeStrings: false });
    this.#target = target;
    this.#color = color;
  }

  get isTTY(): boolean {
    return this.#target.isTTY === true;
  }

  get columns(): number | undefined {
    return this.#target.columns;
  }

  get rows(): number | undefined {
    return this.#target.rows;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = String(chunk);
    this.#target.write(this.#color ? text : text.replace(COLOUR, ''));
    done();
  }
}
