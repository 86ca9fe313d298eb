// The secret values that this process has come across: what it has read or written it may find again in an error, a log or an
// answer, in whatever form. Bounded; what was met longest ago is forgotten.
import { base64FormsOf, base64Pattern, ValueMatcher } from './encodings.js';

/** Shorter values are found in words that have nothing to do with them. */
export const shortest = 6;
/** Longer ones are keys and files, which nobody quotes as a whole. */
const longest = 2_048;
const mostValues = 4_096;
/** Characters of letters and digits by which a text is searched, at most: they are the same in every quoting. */
const longestGram = 4;
/** How much more often a gram of one, two, three or four characters is found in a text than one of four. */
const commonness = [512, 64, 8, 1] as const;
/** So much longer than itself a character may be that is quoted. */
const longestCharacter = 16;

type Range = readonly [from: number, to: number];

/** A place in a form by which it is found. */
interface Gram {
  text: string;
  /** Characters before it, at least none and at most so many once they are quoted. */
  before: number;
}

/** A form of a value. */
interface Form {
  /** By which it is found; undefined: it has neither letters nor digits, and is looked for everywhere. */
  gram: Gram | undefined;
  /** What every text has that holds the form. */
  runs: readonly string[];
  /** Where it is in the text; `starts`: where it may begin. */
  find: (text: string, starts: Iterable<number>) => Range[];
}

export class KnownSecrets {
  readonly #capacity: number;
  readonly #values = new Map<string, readonly Form[]>();
  readonly #index = new Map<string, Set<Form>>();
  /** Of values with neither letters nor digits. */
  readonly #unindexed = new Set<Form>();
  /** Grams in the index, by their length. */
  readonly #grams: number[] = new Array<number>(longestGram + 1).fill(0);
  #forgotten = 0;

  constructor(capacity = mostValues) {
    this.#capacity = capacity;
  }

  /** Values that are remembered. */
  get size(): number {
    return this.#values.size;
  }

  /** Values that were remembered once and are not any more. */
  get forgotten(): number {
    return this.#forgotten;
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
    const forms = formsFor(value, (gram) => this.#costOf(gram));
    this.#values.set(value, forms);
    for (const form of forms) this.#remember(form);
    if (this.#values.size > this.#capacity) this.#forgetOldest();
  }

  /** The text with every known value, in whatever form, replaced by three stars. */
  mask(text: string): string {
    if (this.#values.size === 0 || text.length < shortest) return text;
    const ranges: Range[] = [];
    for (const form of this.#unindexed) ranges.push(...form.find(text, text.split('').keys()));
    for (const [forms, places] of this.#placesIn(text))
      for (const form of forms)
        // Many secrets may have a gram in common, and few of them are here.
        if (form.runs.every((run) => text.includes(run))) ranges.push(...form.find(text, startsOf(form, places)));
    return without(text, ranges);
  }

  /** Where the text has which grams. */
  #placesIn(text: string): Map<ReadonlySet<Form>, number[]> {
    const places = new Map<ReadonlySet<Form>, number[]>();
    for (let length = 1; length <= longestGram; length++) {
      if (this.#grams[length] === 0) continue;
      for (let at = 0; at + length <= text.length; at++) {
        const forms = this.#index.get(text.slice(at, at + length));
        if (!forms) continue;
        const found = places.get(forms);
        if (found) found.push(at);
        else places.set(forms, [at]);
      }
    }
    return places;
  }

  /** What it costs to look at everything that has this gram: one that many secrets begin with is no help. */
  #costOf({ text, before }: Gram): number {
    const others = this.#index.get(text)?.size ?? 0;
    return (others + 1) * (commonness[text.length - 1] ?? 1) * costOfPlace(before);
  }

  #remember(form: Form): void {
    const gram = form.gram?.text;
    if (gram === undefined) return void this.#unindexed.add(form);
    const forms = this.#index.get(gram);
    if (forms) return void forms.add(form);
    this.#index.set(gram, new Set([form]));
    this.#grams[gram.length] = (this.#grams[gram.length] ?? 0) + 1;
  }

  #forgetOldest(): void {
    const [value, forms] = this.#values.entries().next().value ?? ['', []];
    this.#values.delete(value);
    this.#forgotten++;
    for (const form of forms) {
      this.#unindexed.delete(form);
      const gram = form.gram?.text ?? '';
      const others = this.#index.get(gram);
      if (!others?.delete(form) || others.size > 0) continue;
      this.#index.delete(gram);
      this.#grams[gram.length] = (this.#grams[gram.length] ?? 0) - 1;
    }
  }
}

function formsFor(value: string, costOf: (gram: Gram) => number): Form[] {
  const matcher = once(() => new ValueMatcher(value));
  const plain: Form = {
    ...searchedBy(value, costOf),
    find: (text, starts) => {
      const ranges: Range[] = [];
      for (const from of starts) {
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
      return { ...searchedBy(form, costOf), find };
    });
  return [plain, ...encoded];
}

/** The more there is before a gram, the more places there are where a value may begin. */
const costOfPlace = (before: number): number => 1 + before / longestCharacter;

/** The cheapest gram. */
function searchedBy(form: string, costOf: (gram: Gram) => number): Pick<Form, 'gram' | 'runs'> {
  let gram: Gram | undefined;
  let least = Infinity;
  const runs = [...form.matchAll(/[a-zA-Z0-9]+/g)];
  for (const { 0: run, index } of runs) {
    // Letters and digits are never quoted, what is between them may be.
    const quoted = form.slice(0, index).replaceAll(/[a-zA-Z0-9]/g, '').length * (longestCharacter - 1);
    const length = Math.min(longestGram, run.length);
    for (let at = 0; at + length <= run.length; at++) {
      const candidate = { text: run.slice(at, at + length), before: index + at + quoted };
      // What comes later has more before it, and cannot cost less.
      if (least <= costOfPlace(candidate.before)) return { gram, runs: runs.map(([text]) => text) };
      const cost = costOf(candidate);
      if (cost < least) [gram, least] = [candidate, cost];
    }
  }
  return { gram, runs: runs.map(([text]) => text) };
}

function startsOf({ gram }: Form, places: readonly number[]): Set<number> {
  const starts = new Set<number>();
  for (const at of places) for (let from = Math.max(0, at - (gram?.before ?? 0)); from <= at; from++) starts.add(from);
  return starts;
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
