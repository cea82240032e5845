import type { AttributeValue, Item } from './attribute-value.js';
import { toPlain } from './plain.js';
import type { PayloadField } from './types.js';

export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

export const codecOf = (payload: readonly PayloadField[], name: string): PayloadField['codec'] =>
  payload.find((field) => field.names.includes(name))?.codec ?? 'native';

/** What a payload's JSON text says; undefined where it is no JSON text. */
export const jsonPayload = (
  value: AttributeValue,
  codec: PayloadField['codec'],
): { readonly value: unknown } | undefined => (codec === 'json' && 'S' in value ? parseJson(value.S) : undefined);

/** A payload's value as plain data; text that should be JSON and is not stays text. */
export function decodePayload(value: AttributeValue, codec: PayloadField['codec']): unknown {
  const parsed = jsonPayload(value, codec);
  return parsed === undefined ? toPlain(value) : parsed.value;
}

/** DynamoDB's own types nest 32 deep; what nests far deeper was written to make its readers run out of stack. */
const DEEPEST = 200;

function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** A payload's value to be shown: as {@link decodePayload}, but JSON that nests too deeply to be written again stays text. */
export function payloadToShow(value: AttributeValue, codec: PayloadField['codec']): unknown {
  const parsed = jsonPayload(value, codec);
  return parsed === undefined || isTooDeep(parsed.value) ? toPlain(value) : parsed.value;
}

/** The payloads of an item that should be JSON text and are other text, in words. */
export const payloadProblems = (item: Item, payload: readonly PayloadField[]): readonly string[] =>
  payload.flatMap(({ names, codec }) =>
    codec !== 'json'
      ? []
      : names.flatMap((name) => {
          const value = item[name];
          const isText = value !== undefined && 'S' in value;
          return isText && jsonPayload(value, codec) === undefined ? [`${name} is not JSON`] : [];
        }),
  );
