import type { LocalEngine } from '../local/index.js';
import type { View } from '../output/view.js';
import { quoted } from './equivalent.js';

type Variables = Readonly<Record<string, string>>;

/** Lines for a shell. */
export const exportLines = (variables: Variables): string =>
  Object.entries(variables)
    .map(([name, value]) => `  export ${name}=${quoted(value)}`)
    .join('\n');

/** A running engine, and how an application finds it. */
export function engineView(engine: LocalEngine, variables: Variables): View {
  const { endpoint, dataFile, pid, info, startedByUs } = engine;
  const json = { endpoint, dataFile, pid, engine: info, env: variables };
  return {
    json,
    lines: [json],
    columns: ['endpoint', 'dataFile', 'pid'],
    records: [{ endpoint, dataFile, pid }],
    human: (page) =>
      [
        page.success(`${info.kind} ${info.version} listens at ${endpoint}`),
        ...(startedByUs ? [] : [page.note('It ran already, for another command; this one keeps it running.')]),
        page.properties([['Data', dataFile === ':memory:' ? 'in memory' : dataFile]]),
        '',
        page.note('For an application:'),
        exportLines(variables),
        '',
        page.note('Ctrl-C stops it.'),
      ].join('\n'),
  };
}

export function resetView(dataFile: string, removed: readonly string[]): View {
  return {
    json: { dataFile, removed },
    lines: [{ dataFile, removed }],
    columns: ['removed'],
    records: removed.map((path) => ({ removed: path })),
    human: (page) =>
      removed.length === 0
        ? page.note(`nothing to do: there is no ${dataFile}`)
        : page.success(`removed ${removed.join(', ')}`),
  };
}
