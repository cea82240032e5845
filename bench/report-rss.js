// Loaded into a measured process (`node --import`): at its end, writes the peak of its memory, in bytes, to the file
// that BENCH_RSS_FILE names.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  writeFileSync(process.env.BENCH_RSS_FILE ?? '', String(process.resourceUsage().maxRSS * 1024));
});
