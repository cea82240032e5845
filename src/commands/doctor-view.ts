import type { Finding } from '../operations/tables/doctor.js';
import type { View } from '../output/view.js';

const countText = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`);

/** `advise` points the commands in a text to the same tables. */
export function doctorView(given: readonly Finding[], advise: (text: string) => string): View {
  const findings = given.map((finding) => ({ ...finding, cure: finding.cure === null ? null : advise(finding.cure) }));
  const ok = findings.every((finding) => finding.ok);
  return {
    json: { ok, findings },
    lines: findings,
    columns: ['check', 'ok', 'detail', 'cure'],
    records: findings.map(({ check, ok: fine, detail, cure }) => ({ check, ok: fine, detail, cure: cure ?? '' })),
    human: (page) =>
      [
        ...findings.flatMap(({ check, ok: fine, detail, cure }) =>
          fine
            ? [page.success(`${check}: ${detail}`)]
            : [page.blocked(`${check}: ${detail}`), ...(cure === null ? [] : [page.block(cure, 4)])],
        ),
        '',
        ok ? page.success('no findings') : page.warn(countText(findings.filter((finding) => !finding.ok).length)),
      ].join('\n'),
  };
}
