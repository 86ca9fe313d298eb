// The provider's side of credentials that rotate with an overlap. Each generation is a user and a password of its own, in a
// Secret of its own that is never rewritten: nothing that works stops working because something new is made.
import { done, waiting, type Outcome, type Reconciled, type StatusScope, type StepScope } from '@stackwright/graph';
import { annotations, Reason } from '@stackwright/api';
import { Secret } from '@stackwright/kube';
import { keptBefore } from '../secrets/kept.js';
import { keptPassword } from '../secrets/kept-password.js';
import { valuesOf } from '../secrets/secret.js';
import { passwordIn } from '../secrets/text.js';
import { isOffered } from '../secrets/usable-by.js';
import { claimStatus, publishedSecret } from './fulfil.js';
import {
  connectionSecret,
  formerSecretName,
  generationOf,
  generationOfSecret,
  isUserOf,
  secretName as nameOfSecret,
  userName,
  type Generation,
  type SecretSort,
} from './names.js';

/** A claim whose spec has the fields of `credentialSpec`. */
export interface CredentialClaim extends Reconciled {
  spec: { rotation?: string };
}

export interface Credential {
  username: string;
  password: string;
  /** The Secret that keeps the password. */
  secretName: string;
  /** Its uid, which only its readers know: with it a fingerprint is no way to guess the password. */
  uid: string;
}

/** One that may not be the current one. */
export interface KeptCredential extends Credential {
  /** A person chose the password: the Secret is theirs, and stays. */
  isChosen: boolean;
}

export interface ClaimCredentials {
  /** What the claim hands out. */
  current: Credential;
  /** Whether the consumer says that all of it runs with the current ones. */
  inUse: boolean;
  /** Older ones that may be in use and must work on. */
  superseded: readonly KeptCredential[];
  /** Older ones that nobody uses any more: the user is to be dropped, and only then the Secret, by `removeDropped`. */
  dropped: readonly KeptCredential[];
}

export interface CredentialOptions {
  /** Name of the first user; never to be changed during the claim's life. */
  base: string;
  /** Where one claim has several users: another end of the Secrets' names. Default 'password'. */
  secret?: SecretSort;
  /** Then also: under which key the connection holds the password. Default 'password'. */
  key?: string;
  /** Then also: `base` of the user that the annotation of those in use speaks of. Default: this one's. */
  main?: string;
  /** Whose controller reads a password that somebody chose, as its Secret has to say: "mariadb". */
  service: string;
}

/**
 * The generations of a claim's credentials. Without `spec.rotation` it is user `<base>` with Secret `<claim>-password`; with
 * it both end in a hash of its value, so that a value used before stands for the same user again. The step declares Secret
 * in `owns`.
 */
export function credentialsOf<R extends CredentialClaim>(
  scope: StepScope<R>,
  { base, secret = 'password', key = 'password', main = base, service }: CredentialOptions,
): Outcome<ClaimCredentials> {
  const { spec, metadata } = scope.object;
  const inUse = metadata?.annotations?.[annotations.inUse];
  const generation = generationOf(spec.rotation, (former) => isKept(scope, main, former));
  const secretName = passwordSecret(scope, secret, generation);
  const own = keptPassword(scope, secretName, {
    wasInUse: wasHandedOut(scope, { username: userName(main, generation), key }),
    copy: ` (the Secret ${connectionSecret(scope.name)} has it, too, under "${key}")`,
    otherwise: ', or change spec.rotation (credentialRotation of the service that owns the claim)',
    service,
  });
  if (own.state !== 'Done') return own;

  const current: Credential = { username: userName(base, generation), secretName, ...own.output };
  const kept = keptCredentials(scope, { base, secret, service });
  const lost = key === 'password' ? lostCredentials(scope.object, base, kept) : [];
  const older = [...lost, ...kept.filter((one) => one.secretName !== secretName)].filter(
    ({ username }) => username !== current.username,
  );
  const isInUse = inUse === userName(main, generation);
  const [superseded, dropped] = isInUse ? [[], older] : [older, []];
  return done({ current, inUse: isInUse, superseded, dropped });
}

/** By the connection; where somebody has deleted that as well, by the status, which names the first of the users. */
function wasHandedOut<R extends CredentialClaim>(
  scope: StepScope<R>,
  { username, key }: { username: string; key: string },
): boolean {
  const secret = publishedSecret(scope);
  if (!secret) {
    const before = (scope.object.status as { username?: string } | undefined)?.username;
    return key === 'password' && before === username;
  }
  const held = valuesOf(secret, ['username', key]);
  return 'values' in held && held.values['username'] === username;
}

/** Whether there is a user of this generation, or has been: by the Secret of the password, or by whom the claim has handed out. */
function isKept<R extends CredentialClaim>(scope: StepScope<R>, base: string, generation: Generation): boolean {
  return (
    isThere(scope, nameOfSecret(scope.name, 'password', generation)) ||
    handedOut(scope.object).username === userName(base, generation) ||
    wasHandedOut(scope, { username: userName(base, generation), key: 'password' })
  );
}

/** The one that keeps the password of the user of a generation. */
function passwordSecret<R extends Reconciled>(scope: StepScope<R>, sort: SecretSort, generation: Generation): string {
  const former = formerSecretName(scope.name, sort, generation);
  return former !== undefined && isThere(scope, former) ? former : nameOfSecret(scope.name, sort, generation);
}

/** The claim's own Secret, or one of a password that it misses. */
function isThere<R extends Reconciled>(scope: StepScope<R>, name: string): boolean {
  const secret = scope.get(Secret, name);
  return (secret && scope.isOwn(Secret, secret)) || keptBefore(scope.object).some((one) => one.name === name);
}

/**
 * All generations that there are Secrets of, the first one first; a password is empty where its Secret has lost it, and where
 * somebody made it and does not offer it.
 */
export function keptCredentials<R extends Reconciled>(
  scope: Pick<StepScope<R>, 'get' | 'list' | 'isOwn' | 'labels' | 'name' | 'names'>,
  { base, secret = 'password', service }: Omit<CredentialOptions, 'main'>,
): KeptCredential[] {
  const labels = { ...scope.labels, [scope.names.label.retained]: 'true' };
  const own = scope.list(Secret, { labels }).filter((one) => scope.isOwn(Secret, one));
  // Somebody may have chosen the first password: then it is not of the claim's own making.
  const first = scope.get(Secret, nameOfSecret(scope.name, secret, generationOf(undefined)));
  const isChosen = first !== undefined && !scope.isOwn(Secret, first);
  return [...(isChosen ? [first] : []), ...own]
    .flatMap((kept): KeptCredential[] => {
      const { name = '', uid = '', deletionTimestamp } = kept.metadata ?? {};
      const generation = generationOfSecret(scope.name, secret, name);
      if (generation === undefined || deletionTimestamp) return [];
      const chosen = isChosen && kept === first;
      const read = !chosen || isOffered(kept, service) ? passwordIn(kept, 'password') : undefined;
      const password = read && 'text' in read ? read.text : '';
      return [{ username: userName(base, generation), password, secretName: name, uid, isChosen: chosen }];
    })
    .sort((one, other) => (one.secretName < other.secretName ? -1 : 1));
}

/** What status says of who has been handed out. */
interface HandedOut {
  username?: string;
  superseded?: readonly string[];
}

const handedOut = ({ status }: Readonly<Reconciled>): HandedOut => status ?? {};

/** Users of the claim, by its status, whose Secret somebody has deleted: they may be on the server, and in use. */
export function lostCredentials(
  object: Readonly<Reconciled>,
  base: string,
  kept: readonly Pick<Credential, 'username'>[],
): KeptCredential[] {
  const { username, superseded = [] } = handedOut(object);
  const known = new Set(kept.map((one) => one.username));
  const ever = new Set([...(username === undefined ? [] : [username]), ...superseded]);
  return [...ever]
    .filter((one) => isUserOf(base, one) && !known.has(one))
    .map((one) => ({ username: one, password: '', secretName: '', uid: '', isChosen: false }));
}

const isLost = ({ secretName }: Pick<Credential, 'secretName'>): boolean => secretName === '';

/**
 * Forgets passwords of users that do not exist any more, but for those that a person chose. The step comes after the one that
 * drops the users, with Secret in `owns`.
 */
export function removeDropped<R extends CredentialClaim>(
  scope: StepScope<R>,
  { dropped }: Pick<ClaimCredentials, 'dropped'>,
): Outcome<undefined> {
  const made = dropped.filter((one) => !one.isChosen && !isLost(one));
  for (const { secretName, uid } of made) {
    const secret = scope.get(Secret, secretName);
    if (secret?.metadata?.uid !== uid) continue;
    scope.remove(Secret, secret);
  }
  return made.length === 0 ? done() : waiting(Reason.Pending, 'Superseded passwords are being removed');
}

/**
 * `status.secretName` with the fields of `credentialStatus`; the connection has the key `username`. `credentials` are those of
 * the step, where that is Done; `areDropped`: those of them that nobody uses are on the server no more.
 */
export function credentialClaimStatus<R extends CredentialClaim>(
  scope: StatusScope<R>,
  credentials: ClaimCredentials | undefined,
  { areDropped }: { areDropped: boolean },
): { secretName?: string; username?: string; superseded?: string[] } {
  const secret = publishedSecret(scope);
  const checked = secret && valuesOf(secret, ['username']);
  const before = handedOut(scope.object);
  if (!credentials || !checked || 'missing' in checked) {
    // Who may be on the server all the same.
    const username = checked && 'values' in checked ? checked.values.username : before.username;
    const older = before.superseded?.filter((one) => one !== username) ?? [];
    return { ...claimStatus(scope), ...(username === undefined ? {} : { username }), ...supersededBy(older) };
  }
  const { username } = checked.values;
  const { current, superseded, dropped } = credentials;
  const leaving = dropped.filter((one) => !one.isChosen && !(areDropped && isLost(one)));
  // Until the new ones work, the Secret holds the old ones, and those are not superseded. What is lost is known by status alone.
  const works = username === current.username;
  const older = [current, ...superseded, ...leaving].filter((one) => works || isLost(one)).map((one) => one.username);
  return { ...claimStatus(scope), username, ...supersededBy(older.filter((one) => one !== username)) };
}

const supersededBy = (users: string[]): { superseded?: string[] } => (users.length > 0 ? { superseded: users } : {});
