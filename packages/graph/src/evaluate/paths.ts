// The way to a field of an object: for comparing, for plans, and for finding who owns it.

/** Of an item of a list that merges by keys: the values of its keys. */
export type ItemKeys = Readonly<Record<string, unknown>>;

/** A field by its name, an item by its index, or an item by its keys. */
export type PathSegment = string | number | ItemKeys;

export type FieldPath = readonly PathSegment[];

/** "spec.template.spec.containers[app].image", "spec.ports[80/TCP].targetPort", "spec.args[1]". */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'string') text += text === '' ? segment : `.${segment}`;
    else if (typeof segment === 'number') text += `[${segment}]`;
    else text += `[${Object.values(segment).map(String).join('/')}]`;
  }
  return text;
}
