// Kubernetes' list library, and the sets library of CEL.
import { same } from '../equality.js';
import { failure, items, namespace, type Library, type List } from './library.js';

type Ordered = bigint | number | string | Date;

/** What has an order. Durations are compared by their value, too. */
const ORDERED = ['int', 'double', 'string', 'bool', 'google.protobuf.Timestamp', 'google.protobuf.Duration'];

export const lists: Library = (environment) => {
  environment
    .registerFunction('list<A>.indexOf(A): int', (list: List, wanted: unknown) =>
      BigInt(items(list).findIndex((item) => same(item, wanted))),
    )
    .registerFunction('list<A>.lastIndexOf(A): int', (list: List, wanted: unknown) =>
      BigInt(items(list).findLastIndex((item) => same(item, wanted))),
    );
  for (const type of ORDERED) {
    environment
      .registerFunction(`list<${type}>.isSorted(): bool`, (list: List<Ordered>) =>
        items(list).every((item, index, all) => index === 0 || (all[index - 1] as Ordered) <= item),
      )
      .registerFunction(`list<${type}>.min(): ${type}`, (list: List<Ordered>) => extreme('min', list, (a, b) => a < b))
      .registerFunction(`list<${type}>.max(): ${type}`, (list: List<Ordered>) => extreme('max', list, (a, b) => a > b));
  }
  environment
    .registerFunction('list<int>.sum(): int', (list: List<bigint>) => items(list).reduce((sum, item) => sum + item, 0n))
    .registerFunction('list<double>.sum(): double', (list: List<number>) =>
      items(list).reduce((sum, item) => sum + item, 0),
    );
};

function extreme(name: string, list: List<Ordered>, wins: (a: Ordered, b: Ordered) => boolean): Ordered {
  const [first, ...rest] = items(list);
  if (first === undefined) throw failure(`${name} called on empty list`);
  return rest.reduce((best, item) => (wins(item, best) ? item : best), first);
}

export const sets: Library = (environment) => {
  const type = namespace(environment, 'sets');
  const contains = (list: List, wanted: List): boolean =>
    items(wanted).every((item) => items(list).some((other) => same(item, other)));
  environment
    .registerFunction(`${type}.contains(list<A>, list<A>): bool`, (_: unknown, list: List, wanted: List) =>
      contains(list, wanted),
    )
    .registerFunction(
      `${type}.equivalent(list<A>, list<A>): bool`,
      (_: unknown, a: List, b: List) => contains(a, b) && contains(b, a),
    )
    .registerFunction(`${type}.intersects(list<A>, list<A>): bool`, (_: unknown, a: List, b: List) =>
      items(a).some((item) => items(b).some((other) => same(item, other))),
    );
};
