import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const textOf = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** README and everything in docs/, by their paths. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

/** The fenced blocks of a language; with `mark`, those below the comment `<!-- example: mark -->`. */
export function blocksOf(text: string, language: string, mark?: string): readonly string[] {
  const before = mark === undefined ? '' : `<!-- example: ${mark} -->\n`;
  const pattern = new RegExp(`${before}\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g');
  return [...text.matchAll(pattern)].map(([, block = '']) => block);
}
