import { Document, isScalar, Scalar, visit } from 'yaml';
import { isUnsafe, replaceUnsafe } from './safe-text.js';

function escape(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}

/**
 * YAML of a JSON value. Strings with control characters are double-quoted and those escaped, and strings that YAML 1.1
 * reads as something else (`yes`, dates, `12:30:45`) are quoted: many readers still are of 1.1.
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string' && isUnsafe(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // Only double-quoted strings can hold such characters now, and there the escape means the same.
  return replaceUnsafe(document.toString({ lineWidth: 0 }), escape);
}
