// Values in messages as Go's `%v` prints them.
import { isObject } from './json.js';

/** "map[spec:map[replicas:2]]", "[a b]", "<nil>" */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (value === null || value === undefined) return '<nil>';
  if (!isObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${fields.map(([name, child]) => `${name}:${goText(child)}`).join(' ')}]`;
}
