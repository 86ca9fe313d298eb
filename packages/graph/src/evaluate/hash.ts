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

/**
 * 64 bits that also differ where only the order of fields does, for a quarter of the price: to be compared with one made just so,
 * of what the same code said before. Two multiplicative hashes side by side; nothing that must not be forged.
 */
export function fingerprintOf(value: unknown): string {
  const text = JSON.stringify(value);
  let one = 0x811c9dc5;
  let other = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(other ^ code, 0x85ebca6b);
    other ^= other >>> 13;
  }
  return [text.length, one >>> 0, other >>> 0].map((part) => part.toString(36)).join('-');
}

/** What is noted of a value that was applied: by which it is known again, in whatever order its fields are. */
export function noteOf(value: unknown, fingerprint = fingerprintOf(value)): string {
  return `${hashOf(value)}.${fingerprint}`;
}

/** Whether it is this value that a note was made of: mostly the fingerprint tells, and the hash is not needed. */
export function isNoteOf(note: string, value: unknown, fingerprint = fingerprintOf(value)): boolean {
  const [hash = '', noted] = note.split('.');
  return noted === fingerprint || hash === hashOf(value);
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
