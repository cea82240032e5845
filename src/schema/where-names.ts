import type { SessionFilter } from './filter.js';
import type { Layout, TimeField } from './types.js';

const namesOf = (field: TimeField | null): string =>
  (field?.paths ?? []).map((path) => `'${path.join('.')}'`).join(' or ');

const fieldText = (time: TimeField | null): string =>
  time === null ? 'these rows do not record it' : `the rows have it as ${namesOf(time)}`;

/** What a name that sessions are shown under stands for in the rows of a layout. */
function standsFor({ session }: Layout, name: string): string | undefined {
  switch (name) {
    case 'id':
      return `the rows have it as ${session.id.map(({ attribute }) => `'${attribute}'`).join(' and ')}`;
    case 'createdAt':
      return fieldText(session.createdAt);
    case 'lastActivityAt':
      return fieldText(session.lastActivityAt);
    case 'expiresAt':
      return fieldText(session.expiresAt);
    case 'sizeBytes':
      return 'it is counted, and not stored';
    case 'state':
      return 'it is told by --active, --expired and --terminated';
    default:
      return undefined;
  }
}

function attributesOf({ session, tables }: Layout): ReadonlySet<string> {
  const specs = tables.filter(({ role }) => role === 'sessions').flatMap(({ attributes }) => attributes);
  const times = [session.createdAt, session.lastActivityAt, session.expiresAt];
  return new Set([
    ...session.id.map(({ attribute }) => attribute),
    ...specs.flatMap(({ names }) => names),
    ...times.flatMap((time) => (time?.paths ?? []).map(([name]) => name)),
    ...session.payload.flatMap(({ names }) => names),
  ]);
}

/** Warnings of conditions on names that sessions are shown under, and their rows do not have. */
export function strangeNames(layout: Layout, { where = [] }: SessionFilter): readonly string[] {
  const known = attributesOf(layout);
  return where.flatMap(({ path }) => {
    const [name = ''] = path.split('.');
    const meaning = known.has(name) ? undefined : standsFor(layout, name);
    return meaning === undefined
      ? []
      : [`--where looks at attributes, and rows of the layout ${layout.id} have no '${name}': ${meaning}`];
  });
}
