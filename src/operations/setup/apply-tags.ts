import { ifOffered, readTags } from '../../dynamodb/describe.js';
import { tagTable } from '../../dynamodb/tables.js';
import { waitFor } from '../../dynamodb/wait.js';
import { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';

const STEP = 'setting tags';
/** How long the tags are looked for; they are set in any case. */
const VISIBLE_WITHIN_MS = 10_000;

/**
 * Sets all tags in one call: AWS refuses a second change within about two seconds. With `wait`, waits until they can be
 * read, so that a comparison right after this finds no drift: tags are eventually consistent.
 */
export async function applyTags(
  context: OperationContext,
  table: { readonly name: string; readonly arn: string },
  tags: Readonly<Record<string, string>>,
  wait: boolean,
): Promise<void> {
  context.onProgress({ step: STEP, table: table.name });
  await tagTable(context.dynamo, table, tags);
  if (wait) await untilVisible(context, table, tags);
}

async function untilVisible(
  context: OperationContext,
  { name, arn }: { readonly name: string; readonly arn: string },
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  try {
    await waitFor(
      async () => {
        const present = await ifOffered(readTags(context.dynamo, name, arn));
        return present === null || Object.entries(tags).every(([key, value]) => present[key] === value)
          ? true
          : undefined;
      },
      { signal: context.signal, what: `reading the tags of '${name}'`, timeoutMs: VISIBLE_WITHIN_MS },
    );
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'INTERRUPTED') throw error;
    // They were accepted; that they cannot be seen yet is no failure.
  }
}
