// How a value looks once programs have quoted it: in JSON, URLs, SQL, shells, Python, XML or base64, also one within the other.

type Form = (text: string, from: number) => readonly number[];

/** Of ASCII characters that XML has names for. */
const entities: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
/** Of control characters, after a backslash. */
const letters: Readonly<Record<string, string>> = {
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\b': 'b',
  '\f': 'f',
  '\v': 'v',
  '\0': '0',
};
/** Any quoting puts backslashes before a character; quoted again, more of them. */
const slashes = '\\\\{0,8}';
/** Of one backslash, quoted again and again. */
const mostBackslashes = 16;
/** Places where the characters so far may end, of values that consist of nothing but quotes; others have a few. */
const mostEnds = 64;
const none: readonly number[] = [];

/**
 * Finds a value in any of its forms. Goes through the value once for each place where it may begin, with all places in the text where
 * the characters so far may end: a regular expression would try their combinations, of which there are too many.
 */
export class ValueMatcher {
  readonly #forms: readonly Form[];

  constructor(value: string) {
    this.#forms = (value.match(/[a-zA-Z0-9]+|\\+|[^a-zA-Z0-9]/gu) ?? []).map(formsOf);
  }

  /** Where the value ends that begins here; undefined: it does not. */
  endFrom(text: string, from: number): number | undefined {
    let ends: readonly number[] = [from];
    for (const form of this.#forms) {
      const next = new Set(ends.flatMap((end) => form(text, end)));
      if (next.size === 0) return undefined;
      ends = next.size > mostEnds ? [...next].slice(0, mostEnds) : [...next];
    }
    return Math.max(...ends);
  }
}

function formsOf(part: string): Form {
  if (/[a-zA-Z0-9]/.test(part)) return (text, from) => (text.startsWith(part, from) ? [from + part.length] : none);
  if (part.startsWith('\\')) {
    const { length } = part;
    return anyOf(slashed(length), pattern(`(?:${percent('\\')}){${length}}`), pattern(`(?:&#0*92;){${length}}`));
  }
  const forms = [pattern(`${slashes}${escaped(part)}`), pattern(`${slashes}(?:${formsOfCharacter(part).join('|')})`)];
  // Doubled is how SQL has quotes, and how templates have "%" and "$".
  if (/['"`%$]/.test(part)) forms.push(pattern(`${slashes}${escaped(part)}${slashes}${escaped(part)}`));
  // 'It'\''s' and 'It'"'"'s' are how a shell has a quote within quotes.
  if (part === "'") forms.push(pattern(`'\\\\{1,4}''`), pattern(`'"'"'`));
  if (part === '\n') forms.push(pattern('\\r\\n'));
  if (/\P{ASCII}/u.test(part)) {
    const bytes = [...Buffer.from(part)].map((byte) => `\\\\{1,8}(?:x${ignoreCase(hex(byte, 2))}|${octal(byte)})`);
    // What a logger writes that cannot write the character.
    for (const length of [1, 2, 3, 4]) forms.push(pattern(`[?\\uFFFD]{${length}}`));
    forms.push(pattern(bytes.join('')));
  }
  return anyOf(...forms);
}

function formsOfCharacter(character: string): string[] {
  const point = character.codePointAt(0) ?? 0;
  const entity = entities[character];
  return [
    percent(character),
    `&#0*${point};`,
    `&#[xX]0*${ignoreCase(point.toString(16))};`,
    ...(entity === undefined ? [] : [`&${entity};`]),
    ...(character === ' ' ? ['\\+'] : []),
    // A line break may have been written as any white space.
    ...(character === '\n' ? ['\\s'] : []),
    `(?<=\\\\)(?:${backslashed(character).join('|')})`,
  ];
}

function anyOf(...forms: readonly Form[]): Form {
  return (text, from) => forms.flatMap((form) => form(text, from));
}

function pattern(source: string): Form {
  const sticky = new RegExp(source, 'y');
  return (text, from) => {
    sticky.lastIndex = from;
    return sticky.test(text) ? [sticky.lastIndex] : none;
  };
}

/** As many backslashes as there are, or fewer of them: the rest may belong to what follows. */
function slashed(least: number): Form {
  return (text, from) => {
    const ends: number[] = [];
    for (let end = from; text[end] === '\\' && end < from + least * mostBackslashes; end++)
      if (end + 1 - from >= least) ends.push(end + 1);
    return ends;
  };
}

/** "%C3%A9", also encoded twice. */
function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%(?:25)?${ignoreCase(hex(byte, 2))}`).join('');
}

/** What stands after a backslash for the character: "n", "u00e9", "ud83d\ude00", "U0001f600", "xe9", "011". */
function backslashed(character: string): string[] {
  const point = character.codePointAt(0) ?? 0;
  const units = character.split('').map((unit) => `u${ignoreCase(hex(unit.charCodeAt(0), 4))}`);
  const letter = letters[character];
  return [
    ...(letter === undefined ? [] : [letter]),
    units.join('\\\\{1,8}'),
    `U${ignoreCase(hex(point, 8))}`,
    `u\\{0*${ignoreCase(point.toString(16))}\\}`,
    ...(point < 0x100 ? [`x${ignoreCase(hex(point, 2))}`, octal(point)] : []),
  ];
}

/**
 * What base64 of any text that contains the value contains, wherever the value begins within a group of three bytes. Without
 * the characters at both ends that depend on the neighbours.
 */
export function base64FormsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    return encoded.slice(first, Math.floor(((before + bytes.length) * 8) / 6));
  });
}

/** Matches one of them in both alphabets, with what may be left of the value at its ends. */
export function base64Pattern(form: string): RegExp {
  const signs: Readonly<Record<string, string>> = { '+': '(?:[+-]|%2[bB])', '/': '(?:[/_]|\\\\/|%2[fF])' };
  const body = form.replaceAll(/[+/]/g, (sign) => signs[sign] ?? sign);
  return new RegExp(`[A-Za-z0-9+/_-]?${body}[A-Za-z0-9+/_-]?={0,2}`, 'g');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function octal(value: number): string {
  return value.toString(8).padStart(3, '0');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function ignoreCase(digits: string): string {
  return digits.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
