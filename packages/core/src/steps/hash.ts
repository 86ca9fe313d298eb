// The same value always gives the same text, and the same hash. On the hot path: every wanted object is hashed each time
// that its step runs.
import { hash } from 'node:crypto';

/** JSON with sorted keys and without `undefined`: the same value always gives the same text. */
export function canonicalJson(value: unknown): string {
  return textOf(value) ?? 'null';
}

/** SHA-256 of a value, in hexadecimal, cut to `length` characters. */
export function hashOf(value: unknown, length = 32): string {
  return hash('sha256', canonicalJson(value)).slice(0, length);
}

/** A hash that also differs where only the order of fields does, for a quarter of the price: to be compared with one made just so. */
export function fingerprintOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64');
}

/** Most names and many values need no escaping, and to look costs less than to escape. */
function quoted(text: string): string {
  return /^[\w ./:-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Undefined for what JSON has no word for; as items of lists it is null. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => textOf(item) ?? 'null').join(',')}]`;
  if ('toJSON' in value) return textOf(JSON.parse(JSON.stringify(value)) as unknown);
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const name of Object.keys(fields).sort()) {
    const field = textOf(fields[name]);
    if (field !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${field}`;
  }
  return `{${text}}`;
}
