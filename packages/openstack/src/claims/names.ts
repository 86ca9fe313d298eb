// How what belongs to a claim is called: its users on the provider's server, and the Secrets that keep their passwords. Decided
// here and nowhere else, so that no name that somebody chooses for a claim, a database, a virtual host or a user can be the one
// that another claim is going to need.
import { hashOf } from '@stackwright/graph';

/** Which of a claim's credentials: what is added to the name of a user, and to that of the Secret of its password. */
export interface Generation {
  readonly user: string;
  readonly secret: string;
}

/** Without `spec.rotation`: the user has the name that the claim asks for. */
const first: Generation = { user: '', secret: '' };

/** No database, virtual host or user that a claim can ask for has a slash in its name. */
const later = (hash: string): Generation => ({ user: `/${hash}`, secret: `.${hash}` });

/** As versions wrote it that knew no slash; a claim may be asked for that name, too. Such ones are used for as long as they are there. */
const former = (hash: string): Generation => ({ user: `-${hash}`, secret: `-${hash}` });

/** What of a name follows the base of it, of any generation. */
const ending = /^(?:([-/.])([0-9a-f]{8}))?$/;

/** `isKept`: whether the one of its form that was written before slashes is there, or is missed. */
export function generationOf(
  rotation: string | undefined,
  isKept: (generation: Generation) => boolean = () => false,
): Generation {
  if (!rotation) return first;
  const hash = hashOf(rotation, 8);
  return isKept(former(hash)) ? former(hash) : later(hash);
}

export const userName = (base: string, generation: Generation): string => `${base}${generation.user}`;

/** Whether the user is one of those who have `base` as their first one. `ignoreCase`: where names know no case. */
export function isUserOf(base: string, name: string, { ignoreCase = false } = {}): boolean {
  const [of, is] = ignoreCase ? [base.toLowerCase(), name.toLowerCase()] : [base, name];
  const mark = is.startsWith(of) ? ending.exec(is.slice(of.length)) : null;
  return mark !== null && mark[1] !== '.';
}

/** The Secret by which the claim is fulfilled. */
export const connectionSecret = (claim: string): string => `${claim}-connection`;

/**
 * What follows a claim's name in those of its Secrets. None is the end of another, so that no two claims have one Secret, whatever
 * they are called: `a-domain` has `a-domain-password`, and `a` must not.
 */
export const secretSorts = ['password', 'application-secret', 'domain-secret'] as const;
export type SecretSort = (typeof secretSorts)[number];

/** As versions wrote it that did not think of that. */
const formerSorts: Partial<Record<SecretSort, string>> = { 'domain-secret': 'domain-password' };

export const secretName = (claim: string, sort: SecretSort, generation: Generation): string =>
  `${claim}-${sort}${generation.secret}`;

/** The name that the Secret has in installations of versions with other words, where those were others. */
export function formerSecretName(claim: string, sort: SecretSort, generation: Generation): string | undefined {
  const word = formerSorts[sort];
  return word === undefined ? undefined : `${claim}-${word}${generation.secret}`;
}

/** The generation whose password the Secret keeps; undefined where it is none of the claim's of that sort. */
export function generationOfSecret(claim: string, sort: SecretSort, name: string): Generation | undefined {
  for (const word of [sort, formerSorts[sort]]) {
    const prefix = `${claim}-${word ?? sort}`;
    const [mark, separator, hash] = (name.startsWith(prefix) && ending.exec(name.slice(prefix.length))) || [];
    if (mark === undefined || separator === '/') continue;
    if (separator === undefined || hash === undefined) return first;
    return separator === '.' ? later(hash) : former(hash);
  }
  return undefined;
}
