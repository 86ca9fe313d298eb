// Secrets as what they hold: text by key.
import type { Secret } from '@stackwright/kube';
import type { Desired } from '@stackwright/graph';

/** A Secret with these values. (`data`, not `stringData`, which the server never gives back.) */
export function secretWith(name: string, values: Readonly<Record<string, string>>): Desired<Secret> {
  return {
    metadata: { name },
    type: 'Opaque',
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** The number of a port; undefined where the text is none. */
export function portIn(text: string): number | undefined {
  const port = /^\s*[1-9][0-9]{0,4}\s*$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

export type SecretValues<Key extends string> = { values: Record<Key, string> } | { missing: readonly Key[] };

/** The values of `keys`, or those of them that are missing or empty. */
export function valuesOf<Key extends string>(secret: Readonly<Secret>, keys: readonly Key[]): SecretValues<Key> {
  const values: Partial<Record<Key, string>> = {};
  const missing: Key[] = [];
  for (const key of keys) {
    const encoded = secret.data?.[key];
    if (encoded) values[key] = Buffer.from(encoded, 'base64').toString();
    else missing.push(key);
  }
  return missing.length > 0 ? { missing } : { values: values as Record<Key, string> };
}
