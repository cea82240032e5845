/** The SDK's own name: it reads a value by its schema, and calls itself for what is in it. */
const READ = '_read';

/** What reads answers in the SDK, as far as it is used here. */
interface Deserializer {
  [READ](schema: unknown, value: unknown): unknown;
}

interface Protocol {
  deserializer: Deserializer;
  readonly codec: { createDeserializer(): Deserializer };
}

const NAME = '__proto__';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isProtocol(value: unknown): value is Protocol {
  const codec: unknown = isObject(value) ? Reflect.get(value, 'codec') : undefined;
  return isObject(codec) && typeof Reflect.get(codec, 'createDeserializer') === 'function';
}

/** Reads a map's entry of that name under another one, and gives it its own again. */
function keeping(deserializer: Deserializer): Deserializer {
  const read = deserializer[READ].bind(deserializer);
  deserializer[READ] = (schema, value) => {
    if (!isObject(value) || !Object.hasOwn(value, NAME)) return read(schema, value);
    const entries = Object.entries(value);
    const map = read(schema, Object.fromEntries(entries.filter(([name]) => name !== NAME)));
    const single = read(schema, { kept: Reflect.get(value, NAME) });
    if (!isObject(map) || !isObject(single)) return map;
    // Defined: an assignment would set the prototype.
    return Object.defineProperty(map, NAME, {
      value: Object.values(single)[0],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  };
  return deserializer;
}

/**
 * Lets an attribute called `__proto__` through: the SDK overwrites its value before it reads it (writeKey in smithy's
 * JsonShapeDeserializer2), in answers and in the items of failed conditions. What it writes has no such fault.
 */
export function keepProtoKeys(client: { readonly config: object }): void {
  const protocol: unknown = Reflect.get(client.config, 'protocol');
  if (!isProtocol(protocol)) throw new TypeError('this SDK reads its answers by other means');
  const { codec } = protocol;
  const create = codec.createDeserializer.bind(codec);
  codec.createDeserializer = () => keeping(create());
  protocol.deserializer = codec.createDeserializer();
}
