// Regular expressions are RE2's on a real server; what differs in syntax is translated.
import { failure, type Library } from './library.js';

/** Throws an Error for what is no regular expression. */
function compileRegex(pattern: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  const source = (inline ? pattern.slice(inline[0].length) : pattern)
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
    .replace(/\[\[:(\^?)(\w+):\]\]/g, (all, not: string, name: string) => {
      const found = CLASSES[name];
      return found === undefined ? all : `[${not}${found}]`;
    });
  if (/\(\?<?[=!]|\\[1-9]/.test(source)) throw new Error(`invalid or unsupported Perl syntax in ${pattern}`);
  return new RegExp(source, inline?.[1] ?? '');
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\t\\n\\v\\f\\r ',
  punct: '!-\\/:-@\\[-`{-~',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
};

const cache = new Map<string, RegExp>();

function regex(pattern: string): RegExp {
  let found = cache.get(pattern);
  if (!found) {
    try {
      found = compileRegex(pattern);
    } catch (error) {
      throw failure(error instanceof Error ? error.message : String(error));
    }
    if (cache.size > 1000) cache.clear();
    cache.set(pattern, found);
  }
  return found;
}

/** The name that `matches` has in rewritten expressions: the evaluator's own knows JavaScript's syntax only. */
export const MATCHES = 'Matches';

export const regexes: Library = (environment) => {
  const all = (text: string, pattern: string): string[] =>
    [...text.matchAll(new RegExp(regex(pattern), `${regex(pattern).flags}g`))].map(([match]) => match);
  environment
    .registerFunction(`string.${MATCHES}(string): bool`, (text: string, pattern: string) => regex(pattern).test(text))
    .registerFunction(`${MATCHES}(string, string): bool`, (text: string, pattern: string) => regex(pattern).test(text))
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => regex(pattern).exec(text)?.[0] ?? '',
    )
    .registerFunction('string.findAll(string): list<string>', all)
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
      limit < 0n ? all(text, pattern) : all(text, pattern).slice(0, Number(limit)),
    );
};
