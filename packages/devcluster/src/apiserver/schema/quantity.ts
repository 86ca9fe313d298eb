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

/** What a signed number of 64 bits holds: there is no more of anything. */
const MOST = (2n ** 63n - 1n) * NANO;

/**
 * Canonical text of a quantity; undefined when it is not one. "1024Mi" → "1Gi", "0.5" → "500m", "1000m" → "1". `finest`: the
 * part of one, in billionths, that it is rounded up to.
 */
export function canonicalQuantity(given: string, finest = 1n): string | undefined {
  const text = given.trim();
  if (!isQuantity(text)) return undefined;
  const nano = roundedUp(bounded(quantityNanos(text)), finest);
  if (nano === 0n) return '0';
  // A binary amount that is not a whole number of anything is shown in the decimal form, as are all others.
  const scales = text.endsWith('i') && nano % NANO === 0n ? binary : decimal;
  const [name, size] = scales.find(([, scale]) => nano % scale === 0n) as readonly [string, bigint];
  const exponent = /[eE][+-]?\d/.test(text);
  return `${nano / size}${exponent ? exponentOf(name) : name}`;
}

const bounded = (nano: bigint): bigint => (nano > MOST ? MOST : nano < -MOST ? -MOST : nano);

/** Away from zero. */
function roundedUp(nano: bigint, step: bigint): bigint {
  const rest = nano % step;
  if (rest === 0n) return nano;
  return nano - rest + (nano < 0n ? -step : step);
}

function exponentOf(name: string): string {
  const power = 18 - 3 * decimal.findIndex(([unit]) => unit === name);
  return power === 0 ? '' : `e${power}`;
}
