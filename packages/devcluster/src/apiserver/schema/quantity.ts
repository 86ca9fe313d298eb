// resource.Quantity in canonical form: the same amount is always the same text, as a real server stores it.

const decimal: readonly (readonly [string, bigint])[] = [
  ['E', 10n ** 27n],
  ['P', 10n ** 24n],
  ['T', 10n ** 21n],
  ['G', 10n ** 18n],
  ['M', 10n ** 15n],
  ['k', 10n ** 12n],
  ['', 10n ** 9n],
  ['m', 10n ** 6n],
  ['u', 10n ** 3n],
  ['n', 1n],
];

const NANO = 10n ** 9n;

const binary: readonly (readonly [string, bigint])[] = [
  ['Ei', NANO << 60n],
  ['Pi', NANO << 50n],
  ['Ti', NANO << 40n],
  ['Gi', NANO << 30n],
  ['Mi', NANO << 20n],
  ['Ki', NANO << 10n],
];

const units = new Map([...decimal, ...binary]);

/** Canonical text of a quantity; undefined when it is not one. "1024Mi" → "1Gi", "0.5" → "500m", "1000m" → "1". */
export function canonicalQuantity(text: string): string | undefined {
  const match = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([EPTGMkmun]|[EPTGMK]i)|[eE]([+-]?\d{1,2}))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign, number = '', suffix = '', exponent] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const digits = BigInt(`${whole}${fraction}` || '0');
  const unit = units.get(suffix) as bigint;
  const power = Number(exponent ?? 0);
  const numerator = digits * unit * 10n ** BigInt(Math.max(power, 0));
  const denominator = 10n ** BigInt(fraction.length + Math.max(-power, 0));
  // Amounts below one billionth are rounded up, never lost.
  const nano = (numerator + denominator - 1n) / denominator;
  const minus = sign === '-' && nano !== 0n ? '-' : '';
  if (nano === 0n) return '0';
  if (exponent !== undefined) return `${minus}${exponentForm(nano)}`;
  // A binary amount that is not a whole number of anything but ones is shown in the decimal form, as are all others.
  const scales = suffix.endsWith('i') && nano % NANO === 0n ? [...binary, ['', NANO] as const] : decimal;
  const [name, size] = scales.find(([, scale]) => nano % scale === 0n) as readonly [string, bigint];
  return `${minus}${nano / size}${name}`;
}

function exponentForm(nano: bigint): string {
  const [name, size] = decimal.find(([, scale]) => nano % scale === 0n) as readonly [string, bigint];
  const power = { E: 18, P: 15, T: 12, G: 9, M: 6, k: 3, '': 0, m: -3, u: -6, n: -9 }[name] ?? 0;
  return `${nano / size}${power === 0 ? '' : `e${power}`}`;
}
