// The secret values that this process has come across: what it has read or written it may find again in an error, a log or an
// answer, in whatever form. Bounded; what was met longest ago is forgotten.
import { base64FormsOf, base64Pattern, ValueMatcher } from './encodings.js';

/** Shorter values are found in words that have nothing to do with them. */
export const shortest = 6;
/** Longer ones are keys and files, which nobody quotes as a whole. */
const longest = 2_048;
const mostValues = 4_096;
/** Characters by which a text is searched: of the part of a form that is the same in every quoting. */
const gramLength = 4;

/** So much longer than itself a character may be that is quoted. */
const longestCharacter = 16;

type Range = readonly [from: number, to: number];

/** A form of a value. */
interface Form {
  /** By what the index has it; undefined: it is looked for everywhere. */
  gram: string | undefined;
  /** Characters of the value before the gram. */
  before: number;
  /** Where it is in the text; `starts`: where it may begin. */
  find: (text: string, starts: ReadonlySet<number> | undefined) => Range[];
}

export class KnownSecrets {
  readonly #capacity: number;
  readonly #values = new Map<string, readonly Form[]>();
  readonly #index = new Map<string, Set<Form>>();
  /** Of values without four letters or digits in a row. */
  readonly #unindexed = new Set<Form>();

  constructor(capacity = mostValues) {
    this.#capacity = capacity;
  }

  /** Values that are remembered. */
  get size(): number {
    return this.#values.size;
  }

  /** Values of fewer than six characters, and white space around them, are not remembered. */
  add(secret: string): void {
    const value = secret.trim();
    if (value.length < shortest || value.length > longest) return;
    const known = this.#values.get(value);
    if (known) {
      this.#values.delete(value);
      this.#values.set(value, known);
      return;
    }
    const forms = formsFor(value);
    this.#values.set(value, forms);
    for (const form of forms) this.#setOf(form).add(form);
    if (this.#values.size > this.#capacity) this.#forgetOldest();
  }

  /** The text with every known value, in whatever form, replaced by three stars. */
  mask(text: string): string {
    if (this.#values.size === 0 || text.length < shortest) return text;
    const found = new Map<Form, Set<number> | undefined>();
    for (const form of this.#unindexed) found.set(form, undefined);
    if (this.#index.size > 0)
      for (let at = 0; at + gramLength <= text.length; at++)
        for (const form of this.#index.get(text.slice(at, at + gramLength)) ?? []) {
          const starts = found.get(form) ?? new Set();
          found.set(form, starts);
          for (let from = Math.max(0, at - form.before * longestCharacter); from <= at; from++) starts.add(from);
        }
    return without(
      text,
      [...found].flatMap(([form, starts]) => form.find(text, starts)),
    );
  }

  #setOf({ gram }: Form): Set<Form> {
    if (gram === undefined) return this.#unindexed;
    let forms = this.#index.get(gram);
    if (!forms) this.#index.set(gram, (forms = new Set()));
    return forms;
  }

  #forgetOldest(): void {
    const [value, forms] = this.#values.entries().next().value ?? ['', []];
    this.#values.delete(value);
    for (const form of forms) {
      const set = this.#setOf(form);
      set.delete(form);
      if (set.size === 0 && form.gram !== undefined) this.#index.delete(form.gram);
    }
  }
}

function formsFor(value: string): Form[] {
  const matcher = once(() => new ValueMatcher(value));
  const plain: Form = {
    ...gramOf(value),
    find: (text, starts) => {
      const ranges: Range[] = [];
      for (const from of starts ?? text.split('').keys()) {
        const to = matcher().endFrom(text, from);
        if (to !== undefined) ranges.push([from, to]);
      }
      return ranges;
    },
  };
  const encoded = base64FormsOf(value)
    .filter((form) => form.length >= shortest)
    .map((form): Form => {
      const pattern = once(() => base64Pattern(form));
      const find = (text: string): Range[] =>
        [...text.matchAll(pattern())].map(({ index, 0: match }) => [index, index + match.length]);
      return { ...gramOf(form), before: 0, find };
    })
    // Looked for in every text it would cost more than it is worth, and base64 nearly always has four letters in a row.
    .filter(({ gram }) => gram !== undefined);
  return [plain, ...encoded];
}

function gramOf(text: string): { gram: string | undefined; before: number } {
  const match = /[a-zA-Z0-9]{4}/.exec(text);
  return { gram: match?.[0], before: match?.index ?? 0 };
}

/** The text with three stars in place of each of the ranges, which may overlap. */
function without(text: string, ranges: readonly Range[]): string {
  let shown = '';
  let end = 0;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from >= end) shown += `${text.slice(end, from)}***`;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
