/** What all bundles have in common. */
export const bundleOptions = (root) => ({
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // The ES module builds of the AWS SDK start a fifth faster than its CommonJS ones.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['jiti'],
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
