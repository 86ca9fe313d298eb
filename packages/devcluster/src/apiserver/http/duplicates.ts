// Fields that an object of a body has twice. Parsers keep the last one and say nothing; `fieldValidation` asks.
import { isScalar, Lexer, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { expectBounded } from '../bounds.js';
import { tooLarge } from '../errors.js';

/** Of YAML that is not JSON: some microseconds each. It is what people type, and no program sends it. */
const MOST_TOKENS = 200_000;
/** Fields of JSON that come twice and are told, with all that they are in; nobody reads more. */
const MOST_TOLD = 100;

/** What is told of them: a sentence each, and how a refusal has them. */
export interface Duplicates {
  messages: readonly string[];
  error: string;
}

/** Paths of the fields that come again in the same object: "spec.replicas", "spec.parts[0].name". The text must be valid JSON. */
export function duplicateFields(text: string, parsed: unknown): string[] {
  // What JavaScript wrote needs no second look, and that is most of what comes.
  return JSON.stringify(parsed) === text ? [] : scan(text);
}

/** An object or list that the scan is in, and where in it. */
interface Frame {
  /** Names seen so far; a list has none. */
  names: Set<string> | undefined;
  name: string;
  index: number;
}

function scan(text: string): string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  let nameFollows = false;
  for (let at = 0; at < text.length; at++) {
    const top = frames.at(-1);
    switch (text[at]) {
      case '{':
        frames.push({ names: new Set(), name: '', index: 0 });
        nameFollows = true;
        break;
      case '[':
        frames.push({ names: undefined, name: '', index: 0 });
        nameFollows = false;
        break;
      case '}':
      case ']':
        frames.pop();
        nameFollows = false;
        break;
      case ',':
        if (top) top.index += 1;
        nameFollows = top?.names !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (nameFollows && top?.names) {
          top.name = JSON.parse(text.slice(at, end + 1)) as string;
          if (top.names.has(top.name)) found.add(pathOf(frames));
          if (found.size >= MOST_TOLD) return [...found];
          top.names.add(top.name);
          nameFollows = false;
        }
        at = end;
        break;
      }
      default:
    }
  }
  return [...found];
}

/** Where the string ends that begins here. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return end;
  }
}

const pathOf = (frames: readonly Frame[]): string =>
  frames.reduce((path, { names, name, index }) => {
    if (!names) return `${path}[${index}]`;
    return path === '' ? name : `${path}.${name}`;
  }, '');

export function duplicatesOfJson(text: string, parsed: unknown): Duplicates | undefined {
  const messages = duplicateFields(text, parsed).map((path) => `duplicate field "${path}"`);
  return messages.length > 0 ? { messages, error: messages.join(', ') } : undefined;
}

/** Reads YAML once: its value, and where asked for what comes twice, by line, as parsers of YAML tell it. */
export function readYaml(text: string, strict: boolean): { value: unknown; duplicates?: Duplicates | undefined } {
  let tokens = 0;
  for (const _ of new Lexer().lex(text))
    if ((tokens += 1) > MOST_TOKENS) throw tooLarge(`the limit is ${MOST_TOKENS} tokens of YAML: send it as JSON`);
  const lines = new LineCounter();
  // To compare each key with all before it would take the square of their number.
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines, logLevel: 'error' });
  const [error] = document.errors;
  if (error) throw error;
  const value = document.toJS() as unknown;
  expectBounded(value);
  return { value, duplicates: strict ? duplicatesOf(document, lines) : undefined };
}

function duplicatesOf(document: Document, lines: LineCounter): Duplicates | undefined {
  const found: { start: number; name: string }[] = [];
  visit(document, {
    Map(_key, { items }) {
      const names = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (names.has(key.value)) found.push({ start: key.range?.[0] ?? 0, name: String(key.value) });
        names.add(key.value);
      }
    },
  });
  const messages = found
    .sort((one, other) => one.start - other.start)
    .map(({ start, name }) => `line ${lines.linePos(start).line}: key ${JSON.stringify(name)} already set in map`);
  return messages.length > 0 ? { messages, error: `yaml: unmarshal errors:\n  ${messages.join('\n  ')}` } : undefined;
}
