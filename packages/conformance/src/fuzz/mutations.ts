// One field of an object changed, in every way that somebody could get it wrong.

export type Path = readonly (string | number)[];

export interface Mutation {
  path: Path;
  /** What became of the field. */
  change: string;
  apply: (object: unknown) => void;
}

type Node = Record<string | number, unknown>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Fields whose keys are the user's. */
const maps = new Set(
  'labels annotations matchLabels nodeSelector data binaryData stringData requests limits selector volumeAttributes'.split(
    ' ',
  ),
);
const keysOfUsers = ['bad key!', '', 'k'.repeat(254), 'UPPER', '-dash', '../up', 'a/b/c'];

const texts: readonly [string, (text: string) => unknown][] = [
  ['empty', () => ''],
  ['a bad name', () => 'Bad_Name!'],
  ['of another case', (text) => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase())],
  ['unknown', () => 'unknown'],
  ['very long', () => 'x'.repeat(300)],
  ['with dots', () => '..'],
  ['an absolute path', () => '/a/../b'],
  ['a negative number', () => '-1'],
  ['a fraction', () => '1.5'],
  ['percents', () => '150%'],
  ['a lot', () => '100Gi'],
  ['an address', () => '10.0.0.300'],
  ['a number', () => 7],
  ['changed', (text) => `${text}x`],
];

const numbers: readonly [string, (value: number) => unknown][] = [
  ['negative', () => -1],
  ['zero', () => 0],
  ['one more', (value) => value + 1],
  ['beyond a port', () => 65_536],
  ['huge', () => 2_147_483_647],
  ['beyond 32 bits', () => 2_147_483_648],
  ['a text', (value) => String(value)],
  ['a fraction', () => 1.5],
];

/** All there is to change in an object, field by field. */
export function mutationsOf(object: unknown): Mutation[] {
  return isNode(object) ? [...within(object, [])] : [];
}

function* within(node: Node, path: Path): Generator<Mutation> {
  const keys = Array.isArray(node) ? node.map((_value, index) => index) : Object.keys(node);
  for (const key of keys) {
    if (path.length === 0 && (key === 'apiVersion' || key === 'kind')) continue;
    const value = node[key];
    const here = [...path, key];
    yield { path: here, change: 'removed', apply: edit(here, (parent, name) => remove(parent, name)) };
    for (const [change, made] of valuesFor(String(key), value))
      yield { path: here, change, apply: edit(here, (parent, name) => void (parent[name] = structuredClone(made))) };
    if (isNode(value)) yield* within(value, here);
  }
}

function* valuesFor(key: string, value: unknown): Generator<[string, unknown]> {
  if (typeof value === 'string') for (const [change, make] of texts) yield [change, make(value)];
  else if (typeof value === 'number') for (const [change, make] of numbers) yield [change, make(value)];
  else if (typeof value === 'boolean')
    yield* [['the opposite', !value] as const, ['a text', 'true'] as const].map(pair);
  else if (Array.isArray(value)) {
    yield ['empty', []];
    yield ['with its first twice', [...(value as unknown[]), (value as unknown[])[0]]];
    yield ['a text', 'text'];
  } else if (isNode(value)) {
    yield ['empty', {}];
    yield ['a text', 'text'];
    if (maps.has(key) && !('matchLabels' in value))
      for (const bad of keysOfUsers)
        yield [`with the key ${JSON.stringify(bad.slice(0, 10))}`, { ...value, [bad]: 'AAA=' }];
  }
}

const pair = ([change, made]: readonly [string, unknown]): [string, unknown] => [change, made];

function remove(parent: Node, name: string | number): void {
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
}

/** Does something where a path leads, if it leads anywhere. */
function edit(path: Path, change: (parent: Node, name: string | number) => void): (object: unknown) => void {
  return (object) => {
    let node = object;
    for (const key of path.slice(0, -1)) node = isNode(node) ? node[key] : undefined;
    const last = path.at(-1);
    if (isNode(node) && last !== undefined) change(node, last);
  };
}
