#!/usr/bin/env node
// CommonJS, by the package.json beside it: it starts faster than an ES module.
require('../dist/cli/start.js');
