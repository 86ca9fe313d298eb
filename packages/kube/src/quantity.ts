// resource.Quantity: "500m", "1.5Gi", "1e3", 2.

const powers: Readonly<Record<string, readonly [base: bigint, exponent: number]>> = {
  n: [10n, -9],
  u: [10n, -6],
  m: [10n, -3],
  k: [10n, 3],
  M: [10n, 6],
  G: [10n, 9],
  T: [10n, 12],
  P: [10n, 15],
  E: [10n, 18],
  Ki: [2n, 10],
  Mi: [2n, 20],
  Gi: [2n, 30],
  Ti: [2n, 40],
  Pi: [2n, 50],
  Ei: [2n, 60],
};

/** Longer ones are none that anybody means; arithmetic of what has hundreds of thousands of digits takes its time. */
const longest = 256;
// No two parts of it can take the same digits: a text that is no quantity is found to be none in one pass.
const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?$/;

export function isQuantity(value: unknown): value is string | number {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.length <= longest && pattern.test(value);
}

/** The amount, as near as a number comes to it: fit for arithmetic, not for equality. Throws a TypeError. */
export function parseQuantity(quantity: string | number): number {
  return Number(quantityNanos(quantity)) / 1e9;
}

/** Exact: "1" and "1000m" are the same, and so are "0.1" and "100m". Negative, 0, or positive, as in `sort`. */
export function compareQuantities(a: string | number, b: string | number): number {
  const [left, right] = [quantityNanos(a), quantityNanos(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Exact, in billionths: a quantity is a multiple of 1n; what is finer is rounded up, as the API does. Throws a TypeError. */
export function quantityNanos(quantity: string | number): bigint {
  const text = String(quantity);
  const match = text.length <= longest ? pattern.exec(text) : null;
  if (!match) throw new TypeError(`"${text.length <= longest ? text : `${text.slice(0, 32)}…`}" is not a quantity`);
  const [, sign, number = '', exponent = '0', suffix] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const [base, power] = suffix === undefined ? [10n, Number(exponent)] : (powers[suffix] ?? [10n, 0]);
  let decimals = 9 - fraction.length;
  let nanos = BigInt(whole + fraction);
  if (base === 2n) nanos *= 2n ** BigInt(power);
  else decimals += power;
  if (decimals >= 0) nanos *= 10n ** BigInt(decimals);
  else {
    const divisor = 10n ** BigInt(-decimals);
    nanos = (nanos + divisor - 1n) / divisor;
  }
  return sign === '-' ? -nanos : nanos;
}
