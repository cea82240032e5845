// One measurement in a process of its own, so that nothing is warm or in memory because of another: prints a line of JSON.
import { archiveJobs } from './jobs-archive.js';
import { productJobs } from './jobs-product.js';
import { referenceJobs } from './jobs-reference.js';

const [job = '', task = ''] = process.argv.slice(2);
const result = await { ...productJobs, ...referenceJobs, ...archiveJobs }[job](JSON.parse(task));
process.stdout.write(`${JSON.stringify(result)}\n`);
