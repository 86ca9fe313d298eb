// resource.Quantity in canonical form: the same amount is always the same text, as a real server stores it.
import { isQuantity, quantityNanos } from '@stackwright/kube';

const NANO = 10n ** 9n;

/** From large to small: the first unit that an amount is a multiple of is the one it is written in. */
const decimal: readonly (readonly [string, bigint])[] = ['E', 'P', 'T', 'G', 'M', 'k', '', 'm', 'u', 'n'].map(
  (name, index) => [name, 10n ** BigInt(27 - 3 * index)] as const,
);

const binary: readonly (readonly [string, bigint])[] = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki', ''].map(
  (name, index) => [name, NANO << BigInt(60 - 10 * index)] as const,
);

/** Canonical text of a quantity; undefined when it is not one. "1024Mi" → "1Gi", "0.5" → "500m", "1000m" → "1". */
export function canonicalQuantity(given: string): string | undefined {
  const text = given.trim();
  if (!isQuantity(text)) return undefined;
  const nano = quantityNanos(text);
  if (nano === 0n) return '0';
  // A binary amount that is not a whole number of anything is shown in the decimal form, as are all others.
  const scales = text.endsWith('i') && nano % NANO === 0n ? binary : decimal;
  const [name, size] = scales.find(([, scale]) => nano % scale === 0n) as readonly [string, bigint];
  const exponent = /[eE][+-]?\d/.test(text);
  return `${nano / size}${exponent ? exponentOf(name) : name}`;
}

function exponentOf(name: string): string {
  const power = 18 - 3 * decimal.findIndex(([unit]) => unit === name);
  return power === 0 ? '' : `e${power}`;
}
