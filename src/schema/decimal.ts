const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/;

/** Whether a text is a decimal number and nothing else: `42`, `-0.5`, `1e3`. */
export const isNumeric = (text: string): boolean => NUMBER.test(text);

interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Where the point stands, counted from the first digit that is not 0. */
  readonly point: number;
  /** Without zeros at either end. */
  readonly digits: string;
}

function decimalOf(text: string): Decimal {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  const significant = all.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return { sign: 0, point: 0, digits };
  const point = whole.length - (all.length - significant.length) + Number(exponent);
  return { sign: minus === '' ? 1 : -1, point, digits };
}

/** Digits of a numeric text without the zeros at either end. */
export const significantDigits = (text: string): number => decimalOf(text).digits.length;

/** Compares two numeric texts exactly: DynamoDB's numbers have 38 digits, a double 15 to 17. Negative when a is less. */
export function compareDecimals(a: string, b: string): number {
  const [first, second] = [decimalOf(a), decimalOf(b)];
  if (first.sign !== second.sign) return first.sign - second.sign;
  if (first.point !== second.point) return first.point < second.point ? -first.sign : first.sign;
  // Digits after the point of the first: as text they sort like the numbers.
  return first.digits === second.digits ? 0 : first.digits < second.digits ? -first.sign : first.sign;
}
