// Which requests a fault is for.
import { verbOf } from '../http/parameters.js';
import { parseResourcePath } from '../http/path.js';
import type { HttpRequest } from '../http/handle.js';
import type { Verb } from '../registry/resource.js';

/** All that are given must hold; an empty match is every request. */
export interface RequestMatch {
  /** Of resource requests. Server-side apply is a `patch`. */
  verb?: Verb | readonly Verb[];
  /** The part between `/apis/` and the version; "" is the core group. */
  group?: string;
  /** In the plural: "configmaps". */
  resource?: string | readonly string[];
  subresource?: string;
  namespace?: string;
  name?: string;
  userAgent?: RegExp;
}

export function matcherOf(match: RequestMatch): (request: HttpRequest) => boolean {
  const oneOf = (wanted: string | readonly string[] | undefined, value: string | undefined): boolean =>
    wanted === undefined || (typeof wanted === 'string' ? wanted === value : wanted.includes(value ?? ''));
  const { userAgent, ...ofResource } = match;
  const anyResource = Object.values(ofResource).every((value) => value === undefined);
  return (request) => {
    if (userAgent && !userAgent.test(request.headers['user-agent'] ?? '')) return false;
    if (anyResource) return true;
    const url = new URL(request.url, 'http://server');
    const path = parseResourcePath(url.pathname);
    if (!path) return false;
    return (
      oneOf(match.verb, verbOf(request.method, path, url.searchParams)) &&
      oneOf(match.group, path.group) &&
      oneOf(match.resource, path.plural) &&
      oneOf(match.subresource, path.subresource) &&
      oneOf(match.namespace, path.namespace) &&
      oneOf(match.name, path.name)
    );
  };
}
