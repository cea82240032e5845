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
