// By name: bundled, `import('yaml')` itself has a default export only.
export { parse } from 'yaml';
