// What makes the bundles start faster, measured by `npm run bench -- startup`.
import { builtinModules } from 'node:module';
import path from 'node:path';

const BUILTINS = new Set(builtinModules);

/**
 * Node's own modules by process.getBuiltinModule (20.16 and later) in place of `import`: the ES module facade of
 * node:http reads every export, and thereby loads all of fetch.
 */
export const builtinsWithoutFacade = {
  name: 'builtins without facade',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?[a-z_]+(?:\/[a-z]+)?$/ }, ({ path: specifier, kind }) => {
      const name = specifier.replace(/^node:/, '');
      // An `import()` keeps to Node's own: from here it would answer a default export alone.
      const isStatic = kind === 'import-statement' || kind === 'require-call';
      return isStatic && BUILTINS.has(name) ? { path: name, namespace: 'builtin' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`,
      loader: 'js',
    }));
  },
};

const LEFT_OUT = {
  // For subcommands that are programs of their own; ours are not.
  commander: /^node:child_process$/,
  // Whether there is colour is decided elsewhere.
  chalk: /^#supports-color$/,
};

/** Leaves out what bundled packages load at their start and never use here: 3 ms each. */
export const withoutUnused = {
  name: 'without unused modules',
  setup({ onResolve, onLoad }) {
    for (const [name, filter] of Object.entries(LEFT_OUT))
      onResolve({ filter }, ({ importer, path: left }) =>
        importer.includes(path.join('node_modules', name)) ? { path: left, namespace: 'left-out' } : undefined,
      );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default {};', loader: 'js' }));
  },
};
