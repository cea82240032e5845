/** The name of a restored events table where only that of the sessions table was given: it is changed alike. */
export function eventsTarget(names: { readonly sessions: string; readonly events: string }, toTable: string): string {
  const { sessions, events } = names;
  if (toTable === sessions) return events;
  return toTable.startsWith(sessions) ? `${events}${toTable.slice(sessions.length)}` : `${toTable}-events`;
}
