// The licence texts of everything that was bundled, as those licences demand.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Collects name, version, licence and licence text of each package that the bundled files came from. */
export function thirdPartyLicences(root, inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) folders.add(match[1]);
  }
  const texts = [...folders].toSorted().map((folder) => {
    const directory = path.join(root, folder);
    const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
    const text = file && existsSync(path.join(directory, file)) ? readFileSync(path.join(directory, file), 'utf8') : '';
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}`;
  });
  return `mcp-sessions bundles the packages below.\n\n${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}
