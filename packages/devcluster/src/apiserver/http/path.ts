// What a URL's path names.

export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** The resource that a path names; undefined for all other paths. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').slice(1).map(decodeSegment);
  if (parts.at(-1) === '') parts.pop();
  let group = '';
  if (parts[0] === 'apis') {
    group = parts[1] ?? '';
    parts.splice(0, 2);
  } else if (parts[0] === 'api') {
    parts.splice(0, 1);
  } else {
    return undefined;
  }
  const [version, ...rest] = parts;
  if (version === undefined || rest.length === 0 || rest.includes('')) return undefined;
  // "namespaces/x/pods/y" is in a namespace; "namespaces/x", "namespaces/x/status" are about the namespace itself.
  if (
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !(group === '' && rest.length === 3 && OF_NAMESPACE.has(rest[2] as string))
  ) {
    const [, namespace, plural, name, subresource, ...more] = rest;
    if (more.length > 0) return undefined;
    return { group, version, plural: plural as string, ...defined({ namespace, name, subresource }) };
  }
  const [plural, name, subresource, ...more] = rest;
  if (more.length > 0) return undefined;
  return { group, version, plural: plural as string, ...defined({ name, subresource }) };
}

const OF_NAMESPACE = new Set(['status', 'finalize']);

function defined<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
