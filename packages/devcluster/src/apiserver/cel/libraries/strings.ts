// The strings extension of CEL, beyond what the evaluator brings, and base64.
import { failure, items, namespace, type Library, type List } from './library.js';

export const strings: Library = (environment) => {
  const type = namespace(environment, 'strings');
  environment
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      const characters = [...text];
      if (index < 0n || index > BigInt(characters.length)) throw failure(`index out of range: ${index}`);
      return characters[Number(index)] ?? '';
    })
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      text.replaceAll(old, () => by),
    )
    .registerFunction(
      'string.replace(string, string, int): string',
      (text: string, old: string, by: string, limit: bigint) => {
        if (limit < 0n) return text.replaceAll(old, () => by);
        let left = limit;
        return text.replaceAll(old, (found) => (left-- > 0n ? by : found));
      },
    )
    .registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''))
    .registerFunction('string.format(list): string', (text: string, values: List) => format(text, items(values)))
    .registerFunction(`${type}.quote(string): string`, (_: unknown, text: string) => JSON.stringify(text));
  const base64 = namespace(environment, 'base64');
  environment
    .registerFunction(`${base64}.encode(bytes): string`, (_: unknown, bytes: Uint8Array) =>
      Buffer.from(bytes).toString('base64'),
    )
    .registerFunction(`${base64}.decode(string): bytes`, (_: unknown, text: string) => {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw failure('illegal base64 data');
      return new Uint8Array(Buffer.from(text, 'base64'));
    });
};

/** `%s %d %f %e %b %o %x %X %%`, with precisions. */
function format(text: string, values: readonly unknown[]): string {
  let next = 0;
  return text.replace(/%(?:\.(\d+))?(.)/g, (_, digits: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw failure(`index ${next} out of range`);
    const value = values[next++];
    switch (verb) {
      case 's':
        return show(value);
      case 'd':
        return String(numeric(value, verb));
      case 'f':
        return Number(numeric(value, verb)).toFixed(Number(digits ?? 6));
      case 'e':
        return Number(numeric(value, verb))
          .toExponential(Number(digits ?? 6))
          .replace(/e([+-])(\d)$/, 'e$10$2');
      case 'b':
        return typeof value === 'boolean' ? (value ? '1' : '0') : BigInt(numeric(value, verb)).toString(2);
      case 'o':
        return BigInt(numeric(value, verb)).toString(8);
      case 'x':
      case 'X': {
        const hex =
          typeof value === 'string' ? Buffer.from(value).toString('hex') : BigInt(numeric(value, verb)).toString(16);
        return verb === 'X' ? hex.toUpperCase() : hex;
      }
      default:
        throw failure(`unrecognized formatting clause "${verb}"`);
    }
  });
}

function numeric(value: unknown, verb: string): bigint | number {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  throw failure(`error during formatting: %${verb} needs a number, was given ${show(value)}`);
}

/** As CEL writes values in text. */
export function show(value: unknown): string {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value) || value instanceof Set) {
    return `[${items(value as List)
      .map((item) => show(item))
      .join(', ')}]`;
  }
  if (value instanceof Map) {
    return `{${[...(value as Map<unknown, unknown>)].map(([name, item]) => `${show(name)}:${show(item)}`).join(', ')}}`;
  }
  return String(value);
}
