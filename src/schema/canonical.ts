import type { WireItem } from './wire-check.js';
import type { WireValue } from './wire.js';

/**
 * A number's text in one form, for DynamoDB stores values, not texts: `1.50`, `15e-1` and `+1.5` are `15e-1`.
 */
function canonicalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${power}`;
}

function canonicalValue(value: WireValue): unknown {
  if ('N' in value) return { N: canonicalNumber(value.N) };
  // Sets have no order.
  if ('SS' in value) return { SS: value.SS.toSorted() };
  if ('BS' in value) return { BS: value.BS.toSorted() };
  if ('NS' in value) return { NS: value.NS.map(canonicalNumber).toSorted() };
  if ('L' in value) return { L: value.L.map(canonicalValue) };
  return 'M' in value ? { M: canonicalEntries(value.M) } : value;
}

const canonicalEntries = (values: WireItem): readonly unknown[] =>
  Object.keys(values)
    .toSorted()
    .flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[name, canonicalValue(value)]];
    });

/** A text that two items share when DynamoDB holds them for equal: attributes and sets in order, numbers in one form. */
export const canonicalItem = (item: WireItem): string => JSON.stringify(canonicalEntries(item));
