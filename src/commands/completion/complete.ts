import path from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../errors.js';
import { safeText } from '../../output/safe-text.js';
import type { Runtime } from '../session.js';
import { type Answer, answerFor, type Candidate, type LookUp } from './answer.js';
import { bashText, readBashLine } from './bash-line.js';

/**
 * What cannot be typed on one line, or would be read as something else than it is, is not offered: control characters,
 * marks that turn the reading direction round. Nor is what nobody would want to see in a list.
 */
const isTypable = ({ value }: Candidate): boolean => value !== '' && value.length <= 255 && safeText(value) === value;

const lineOf = ({ value, description = '' }: Candidate): string =>
  description === '' ? value : `${value}\t${safeText(description)}`;

/** A directive in the first line, then a candidate a line, what it is behind a tab. */
const textOf = (directive: string, candidates: readonly Candidate[]): string =>
  [directive, ...candidates.map(lineOf)].map((line) => `${line}\n`).join('');

const directiveOf = ({ shell, goesOn }: Answer): string => (goesOn ? 'list' : shell);

/** `~/data.db` as the shell would hand it on. */
const atHome = (word: string, home: string | undefined): string =>
  home !== undefined && /^~[/\\]/.test(word) ? path.join(home, word.slice(1)) : word;

/** Bash takes the candidates as they are to stand in the line, those only that begin with what was typed. */
async function forBash(runtime: Runtime, program: Command, ask: LookUp): Promise<string> {
  const [, , breaks = '', line = ''] = runtime.argv;
  const read = readBashLine(line, breaks);
  if (!read.isPlain) return textOf('nothing', []);
  const words = read.words.slice(1).map((word) => atHome(word, runtime.env['HOME']));
  const answer = await answerFor(program, words, read.text, ask);
  const texts = answer.candidates
    .filter(isTypable)
    .map(({ value }) => `${answer.prefix}${value}`)
    .filter((value) => value.startsWith(read.text))
    .flatMap((value) => bashText(value, read) ?? []);
  return textOf(
    directiveOf(answer),
    [...new Set(texts)].map((value) => ({ value })),
  );
}

/** zsh and fish choose among the candidates by themselves, and quote what they take. */
async function forOthers(runtime: Runtime, program: Command, ask: LookUp): Promise<string> {
  const [, shell, , ...typed] = runtime.argv;
  const words = typed.slice(0, -1).map((word) => atHome(word, runtime.env['HOME']));
  const answer = await answerFor(program, words, typed.at(-1) ?? '', ask);
  // zsh is told the values alone: it knows where in the word they begin.
  const prefix = shell === 'zsh' ? '' : answer.prefix;
  const candidates = answer.candidates
    .filter(isTypable)
    .map((candidate) => ({ ...candidate, value: `${prefix}${candidate.value}` }));
  return textOf(directiveOf(answer), candidates);
}

/**
 * Answers a shell's script: `__complete bash <word breaks> <line>`, `__complete zsh|fish -- <word>…`, the last word being
 * the one to complete. Writes candidates and nothing else, whatever happens. Answers 0.
 */
export async function complete(runtime: Runtime, program: Command): Promise<number> {
  const looksUp = runtime.env['MCP_SESSIONS_COMPLETION'] !== 'static';
  const ask: LookUp = async (...question) => {
    if (!looksUp) return [];
    const { lookUp } = await import('./look-up.js');
    return lookUp(runtime, ...question);
  };
  const answer = runtime.argv[1] === 'bash' ? forBash : forOthers;
  runtime.stdout.write(await answer(runtime, program, ask));
  return EXIT.done;
}
