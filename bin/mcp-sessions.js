#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep the compiled code, which halves the start-up of later runs.
module.enableCompileCache?.();
await import('../dist/main.js');
