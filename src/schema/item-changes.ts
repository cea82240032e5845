/** One value that differs; `undefined` where it was, or is, not there. */
export interface ValueChange {
  /** The attribute, and the way into it: `['state', 'count']`. */
  readonly path: readonly string[];
  readonly from: unknown;
  readonly to: unknown;
}

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, at) => isSame(element, b[at]));
  if (isPlain(a) && isPlain(b)) return changesBetween(a, b).length === 0;
  return Object.is(a, b);
}

/** What differs between two items as plain data, as deep as both sides are maps; lists are compared whole. */
export function changesBetween(from: Plain, to: Plain): readonly ValueChange[] {
  const names = [...Object.keys(from), ...Object.keys(to).filter((name) => !Object.hasOwn(from, name))];
  return names.flatMap((name): readonly ValueChange[] => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined;
    const after = Object.hasOwn(to, name) ? to[name] : undefined;
    if (isPlain(before) && isPlain(after))
      return changesBetween(before, after).map((change) => ({ ...change, path: [name, ...change.path] }));
    return isSame(before, after) ? [] : [{ path: [name], from: before, to: after }];
  });
}
