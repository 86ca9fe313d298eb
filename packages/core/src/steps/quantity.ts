// resource.Quantity, as far as comparing two of them needs it.

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** The amount, or undefined for what is no quantity. */
export function parseQuantity(quantity: string | number): number | undefined {
  if (typeof quantity === 'number') return quantity;
  const match = pattern.exec(quantity);
  if (!match) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = match;
  return Number(digits + exponent) * (suffixes[suffix] ?? 1);
}

/** "1" and "1000m", 1 and "1", "1Gi" and "1024Mi" are the same amount. */
export function isSameQuantity(one: unknown, other: unknown): boolean {
  if (!isScalar(one) || !isScalar(other)) return false;
  const [left, right] = [parseQuantity(one), parseQuantity(other)];
  if (left === undefined || right === undefined) return false;
  // Decimal fractions are not exact in binary: 0.1 and "100m" differ in the last bit.
  return Math.abs(left - right) <= Math.abs(left) * 1e-12;
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
