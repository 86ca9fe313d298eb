// What people read (logs, conditions, events) must not carry credentials: errors of drivers and logs of failed Jobs
// like to quote URLs and settings. What is known is found by its value, the rest by what it looks like.
import type { KubeObject, Resource } from '@stackwright/kube';
import { KnownSecrets } from './known-secrets.js';
import { scrubPatterns } from './patterns.js';
import { secretValuesOf } from './secret-values.js';

/** Of the process: whoever learned a value, nobody shows it. */
let known = new KnownSecrets();
/** Cached objects are read again and again. How many values had been forgotten when an object was last learned. */
let learned = new WeakMap<object, number>();

/** The text without known secret values and without what looks like a credential, in whole characters. */
export function scrub(message: string): string {
  // Half a character is stored by the API server as another one: what was written and what is read would differ for ever.
  return scrubPatterns(known.mask(message)).replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

/** The same for values that are known to the caller alone, in any quoting; they are not remembered. */
export function maskValues(message: string, values: readonly string[]): string {
  const these = new KnownSecrets(Infinity);
  for (const value of values) these.add(value);
  // Of a short one only the form that it was given in; the longest first, of which another may be a part.
  const longestFirst = values.filter(Boolean).toSorted((a, b) => b.length - a.length);
  return longestFirst.reduce((text, value) => text.replaceAll(value, '***'), these.mask(message));
}

/** From now on `scrub` knows this value. One of fewer than six characters is not remembered. */
export function learnSecret(value: string): void {
  known.add(value);
}

/** From now on `scrub` knows what a Secret holds that is secret. Cheap for other kinds, and for an object that was learned before. */
export function learnSecretsOf(resource: Resource, object: Readonly<KubeObject> | undefined): void {
  if (!isSecret(resource) || !object) return;
  // Where values are forgotten, this is how those stay that are in use.
  if (learned.get(object) === known.forgotten) return;
  for (const value of secretValuesOf(object)) known.add(value);
  learned.set(object, known.forgotten);
}

export function isSecret({ group, kind }: Resource): boolean {
  return kind === 'Secret' && group === '';
}

/** As in a new process: for tests that share one. */
export function forgetSecrets(): void {
  known = new KnownSecrets();
  learned = new WeakMap();
}
