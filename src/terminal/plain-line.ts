import stringWidth from 'fast-string-width';

const UNSAFE = /(?:(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}])+/gu;
const LONGEST = 2000;
const PLAIN = /^[ -~]*$/;

/**
 * One line without control, format and invisible characters, for lines that pass (progress, questions): what cannot be shown
 * becomes a space. Results are escaped instead, so that nothing is lost: see the output module.
 */
export function plainLine(text: string): string {
  return (PLAIN.test(text) ? text : text.replace(UNSAFE, ' ')).trim();
}

/** A plain line cut to `width` columns; undefined cuts nothing. */
export function fitLine(text: string, width: number | undefined, ellipsis: string): string {
  // No terminal shows more of a line, and measuring hundreds of kilobytes takes long.
  const line = plainLine(width === undefined ? text : text.slice(0, LONGEST));
  if (width === undefined || stringWidth(line) <= width) return line;
  const room = width - stringWidth(ellipsis);
  let used = 0;
  // Made when it is needed: making one takes 6 ms.
  for (const { segment, index } of new Intl.Segmenter().segment(line)) {
    used += stringWidth(segment);
    if (used > room) return room > 0 ? line.slice(0, index) + ellipsis : '';
  }
  return line;
}
