// Which values of a Secret are secret. Most hold what everybody may know as well: a host, a port, a user's name. Masked everywhere,
// those would make every message useless.
import type { KubeObject } from '@stackwright/kube';
import { assignedSecrets } from './patterns.js';

/** Keys whose values are secret whatever they look like. */
const secretKey = /pass|pwd|secret|token|credential|private|(^|[^a-z])key([^a-z]|$)|apikey|salt|seed/i;
/** Keys whose values are none, whatever they look like; or, where the key speaks of a secret as well, if they look like none. */
const publicKey =
  /^(.*[._-])?(user(name)?|host(name)?s?|ports?|addr(ess)?(es)?|database|db(name)?|vhost|servers?|endpoints?|region(_name)?|project(_name)?|domain(_name)?|name|namespace|type|kind|provider|version|manager|driver|backend|mode|algorithm|enabled|ttl|expiration|lifetime|seconds|days|length|size|count|(ca|tls|client|server)?\.?(crt|cert|pem))$/i;
/** Words, names in DNS and numbers: what is no secret unless its key says so. */
const plain = /^(?:[a-z][a-z_-]*|[\d.:]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:,[a-z0-9.:-]+)*)$/i;
/** It begins where a word begins, or each letter of a long one would be tried as the beginning. */
const passwordInUrl = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]{0,256}:(?!\d{1,5}(?:[/?#]|$))(\S{1,512})@/gi;
const plainUrl = /^[a-z][a-z0-9+.-]*:\/\/[^\s@]*$/i;

interface Keeps extends KubeObject {
  /** In base64. */
  data?: Readonly<Record<string, string>> | null;
  stringData?: Readonly<Record<string, string>> | null;
}

/**
 * Not what the Secret shows of itself, in its name, its namespace or as the name of a user: masked, it would be missed where it
 * says something, and the stars would tell what it is.
 */
export function secretValuesOf({ metadata, data, stringData }: Readonly<Keeps>): string[] {
  const values = [
    ...Object.entries(data ?? {}).map(([key, value]) => [key, decoded(value)] as const),
    ...Object.entries(stringData ?? {}),
  ];
  const names = [metadata?.name, metadata?.namespace];
  const shown = values.filter(([key, value]) => publicKey.test(key) && plain.test(value)).map(([, value]) => value);
  return values
    .flatMap(([key, value]) => (typeof value === 'string' ? secretsIn(key, value) : []))
    .filter((value) => !shown.includes(value) && !(plain.test(value) && names.some((name) => name?.includes(value))));
}

function secretsIn(key: string, value: string): string[] {
  const inUrls = [...value.matchAll(passwordInUrl)].flatMap(([, password = '']) => [
    password,
    percentDecoded(password),
  ]);
  const isPublic = publicKey.test(key);
  const isPlain = plain.test(value) || plainUrl.test(value);
  const isSecret = secretKey.test(key) ? !(isPublic && isPlain) : !(isPublic || isPlain);
  if (!isSecret) return inUrls;
  const lines = value.trim().split(/\r?\n/);
  if (lines.length === 1) return [value, ...inUrls];
  // A line of it may be all that a log shows. Of many lines it is a file, whose lines are not secret one by one.
  return [value, ...(lines.length <= 3 ? lines : assignedSecrets(value)), ...inUrls];
}

function decoded(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
