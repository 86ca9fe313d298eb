// Values of options that `spec.config` takes from Secrets.
import { done, type Outcome } from '@stackwright/graph';
import { literal } from './oslo-config.js';
import { dictionary, fieldOf, type Override } from './override.js';

export interface SecretKey {
  name: string;
  key: string;
}

export interface ResolvedOverride {
  override: Override;
  /** Whether the value of an option came from a Secret. */
  isSecret: (file: string, section: string, option: string) => boolean;
}

/**
 * `override` with the values in the place of `{ secretKeyRef: { name, key } }`. They are taken as they are, "$" included.
 * Not Done as long as `read` is not.
 */
export function resolveSecrets(
  override: Override,
  read: (key: SecretKey, field: string) => Outcome<string>,
): Outcome<ResolvedOverride> {
  const secrets = new Set<string>();
  const resolved = dictionary<Record<string, Record<string, unknown>>>();
  for (const [file, sections] of Object.entries(override)) {
    const inFile = (resolved[file] = dictionary<Record<string, unknown>>());
    for (const [section, options] of Object.entries(sections)) {
      const target = (inFile[section] = dictionary<unknown>());
      for (const [option, value] of Object.entries(options)) {
        const reference = secretKeyOf(value);
        if (!reference) {
          target[option] = value;
          continue;
        }
        const field = fieldOf(file, section, option);
        const outcome = read(reference, field);
        if (outcome.state !== 'Done') return outcome;
        target[option] = literal(outcome.output);
        secrets.add(field);
      }
    }
  }
  return done({
    override: resolved,
    isSecret: (file, section, option) => secrets.has(fieldOf(file, section, option)),
  });
}

/** The API server does not say of what kind a value is: it may be any. */
function secretKeyOf(value: unknown): SecretKey | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  const { secretKeyRef } = value;
  if (!isObject(secretKeyRef) || Object.keys(secretKeyRef).length !== 2) return undefined;
  const { name, key } = secretKeyRef;
  return isName(name) && isName(key) ? { name, key } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][-A-Za-z0-9._]*$/.test(value);
}
