import type { Layout } from '../types.js';
import { express } from './express.js';
import { generic } from './generic.js';
import { llmDuel } from './llm-duel.js';
import { mcp } from './mcp.js';
import { pmcpTasks } from './pmcp-tasks.js';
import { turul } from './turul.js';

/** The layouts that come with the product, in the order in which they are shown; the first is the default. */
export const LAYOUTS: readonly Layout[] = [mcp, turul, llmDuel, pmcpTasks, express, generic];

export const DEFAULT_LAYOUT: Layout = mcp;

export { generic, genericFor } from './generic.js';
