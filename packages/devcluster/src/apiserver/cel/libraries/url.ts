// Kubernetes' URL library.
import { failure, type Library } from './library.js';

class Url {
  readonly url: URL;
  readonly text: string;

  constructor(url: URL, text: string) {
    this.url = url;
    this.text = text;
  }
}

/** An absolute URL or an absolute path; undefined for anything else. */
function parse(text: string): Url | undefined {
  try {
    if (/\s/.test(text)) return undefined;
    if (text.startsWith('/')) return new Url(new URL(text, 'none://'), text);
    return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) ? new Url(new URL(text), text) : undefined;
  } catch {
    return undefined;
  }
}

export const urls: Library = (environment) => {
  const type = 'net.URL';
  const relative = ({ text }: Url): boolean => text.startsWith('/');
  environment
    .registerType(type, { ctor: Url, fields: {} })
    .registerOperator(`${type} == ${type}`, (a: Url, b: Url) => a.text === b.text)
    .registerFunction(`url(string): ${type}`, (text: string) => {
      const found = parse(text);
      if (!found)
        throw failure(
          `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
        );
      return found;
    })
    .registerFunction('isURL(string): bool', (text: string) => parse(text) !== undefined)
    .registerFunction(`${type}.getScheme(): string`, (value: Url) =>
      relative(value) ? '' : value.url.protocol.replace(/:$/, ''),
    )
    // As it was written: the parser leaves a default port out.
    .registerFunction(
      `${type}.getHost(): string`,
      ({ text }: Url) => /^[^:/]+:\/\/(?:[^@/]*@)?([^/?#]*)/.exec(text)?.[1] ?? '',
    )
    .registerFunction(`${type}.getHostname(): string`, ({ url }: Url) => url.hostname.replace(/^\[(.*)\]$/, '$1'))
    .registerFunction(
      `${type}.getPort(): string`,
      ({ text }: Url) => /^[^:/]+:\/\/[^/?#]*?:(\d+)(?:[/?#]|$)/.exec(text)?.[1] ?? '',
    )
    .registerFunction(`${type}.getEscapedPath(): string`, ({ url, text }: Url) =>
      url.pathname === '/' && !/^(?:[^:/]+:\/\/[^/]*)?\//.test(text) ? '' : url.pathname,
    )
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, ({ url }: Url) => {
      const query = new Map<string, string[]>();
      for (const [name, value] of url.searchParams) query.set(name, [...(query.get(name) ?? []), value]);
      return query;
    });
};
