// Kubernetes' quantity library.
import { isQuantity, quantityNanos } from '@stackwright/kube';
import { failure, type Library } from './library.js';

const NANOS = 1_000_000_000n;

class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export const quantities: Library = (environment) => {
  const type = 'kubernetes.Quantity';
  const compare = (a: Quantity, b: Quantity): bigint => (a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n);
  const amount = (value: Quantity | bigint): bigint => (value instanceof Quantity ? value.nanos : value * NANOS);
  environment
    .registerType(type, { ctor: Quantity, fields: {} })
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.nanos === b.nanos)
    .registerFunction(`quantity(string): ${type}`, (text: string) => {
      if (!isQuantity(text)) {
        throw failure("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
      }
      return new Quantity(quantityNanos(text));
    })
    .registerFunction('isQuantity(string): bool', isQuantity)
    .registerFunction(`${type}.sign(): int`, ({ nanos }: Quantity) => (nanos < 0n ? -1n : nanos > 0n ? 1n : 0n))
    .registerFunction(`${type}.isInteger(): bool`, ({ nanos }: Quantity) => nanos % NANOS === 0n)
    .registerFunction(`${type}.asInteger(): int`, ({ nanos }: Quantity) => {
      if (nanos % NANOS !== 0n) throw failure('cannot convert value to integer');
      return nanos / NANOS;
    })
    .registerFunction(`${type}.asApproximateFloat(): double`, ({ nanos }: Quantity) => Number(nanos) / 1e9)
    .registerFunction(`${type}.compareTo(${type}): int`, compare)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => compare(a, b) < 0n)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => compare(a, b) > 0n);
  for (const other of [type, 'int']) {
    environment
      .registerFunction(
        `${type}.add(${other}): ${type}`,
        (a: Quantity, b: Quantity | bigint) => new Quantity(a.nanos + amount(b)),
      )
      .registerFunction(
        `${type}.sub(${other}): ${type}`,
        (a: Quantity, b: Quantity | bigint) => new Quantity(a.nanos - amount(b)),
      );
  }
};
