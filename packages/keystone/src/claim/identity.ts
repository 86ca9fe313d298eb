// What an IdentityClaim means in Keystone: what to look at, whom it belongs to, and what has to change. Who made a user or a
// service is said by a mark in its description, where any client shows it and any administrator can hand it over.
import { IdentityClaim, Reason } from '@stackwright/api';
import {
  claimMark,
  IdentityError,
  isUserOf,
  markedOwner,
  ownershipOf,
  refuseForeign,
  Refused,
  type IdentityLogin,
} from '@stackwright/openstack';
import { administrator } from '../manage/administrator.js';
import type {
  ApplicationCredential,
  CatalogEndpoint,
  CatalogService,
  Domain,
  IdentityApi,
  Interface,
  Project,
  Role,
  Target,
  User,
} from '../identity-api/identity-api.js';

/** Users of one sort: one per generation of credentials, in one domain, with roles on one thing. */
export interface WantedAccount {
  /** Names are this, or this with an ending of a generation. */
  base: string;
  domain: string;
  /** The project of that domain on which they have the roles; absent: the domain itself. */
  project?: string;
  roles: readonly string[];
  users: readonly WantedUser[];
  /** Whether users of other generations are to go: nobody uses them any more. */
  dropOthers: boolean;
}

export interface WantedUser {
  name: string;
  password: string;
  /** Of an application credential. */
  secret?: string;
}

export interface WantedService {
  type: string;
  name: string;
  endpoints: Readonly<Partial<Record<Interface, string>>>;
}

export interface WantedIdentity {
  /** The claim's namespace and name. */
  owner: string;
  region: string;
  accounts: readonly WantedAccount[];
  service?: WantedService | undefined;
}

export interface ObservedUser {
  user: User;
  /** Whether Keystone takes the password. */
  accepted: boolean;
  roles: readonly Role[];
  credential: ApplicationCredential | undefined;
  /** Whether Keystone takes the secret of the credential. */
  credentialAccepted: boolean;
}

export interface ObservedAccount {
  domain: Domain | undefined;
  project: Project | undefined;
  /** By name, those of the wanted users that there are. */
  users: Readonly<Record<string, ObservedUser>>;
  /** Of other generations, and the claim's. */
  others: readonly User[];
}

export interface ObservedService {
  service: CatalogService;
  endpoints: readonly CatalogEndpoint[];
}

export interface ObservedIdentity {
  /** In the order of the wanted ones. */
  accounts: readonly ObservedAccount[];
  /** Those of the type that are the claim's. */
  services: readonly ObservedService[];
}

/** How to ask Keystone: as its administrator, and as those that are looked after. */
export interface Access {
  admin: IdentityApi;
  as(login: Omit<IdentityLogin, 'authUrl'>): { api: IdentityApi; login(signal: AbortSignal): Promise<unknown> };
}

/** The name of the application credential; it is the user's own, so that it need not be unique. */
export const applicationCredentialName = 'stackwright';

/** Whom its mark names: a claim's namespace and name; undefined without one. */
export const ownerOf = ({ description }: { description?: string | null }): string | undefined =>
  markedOwner(description);

export const marked = (owner: string): { description: string } => ({ description: claimMark(owner) });

/** Service users are no people: rules for passwords of people must not lock a service out. */
export const userOptions = {
  ignore_change_password_upon_first_use: true,
  ignore_password_expiry: true,
  ignore_lockout_failure_attempts: true,
} as const;

/** Names know no case in Keystone, on the databases that it mostly has. */
export const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** @throws IdentityError; Refused where something belongs to somebody else */
export async function observeIdentity(
  access: Access,
  wanted: WantedIdentity,
  signal: AbortSignal,
): Promise<ObservedIdentity> {
  const [services, ...accounts] = await Promise.all([
    wanted.service ? observeServices(access, wanted, wanted.service, signal) : [],
    ...wanted.accounts.map((account) => observeAccount(access, wanted.owner, account, signal)),
  ]);
  return { accounts, services };
}

/**
 * Keystone's own domain is the bootstrap's to make. Where it is not there the database is a new one, and who is let in is so by
 * what the cache says of the one that was lost: whatever was made now would be in the bootstrap's way.
 */
function notBootstrapped(): Refused {
  const message = `Keystone has no domain "${administrator.domain}", which its bootstrap makes: waits for that`;
  return new Refused(Reason.WaitingForProvider, message);
}

async function observeAccount(
  access: Access,
  owner: string,
  wanted: WantedAccount,
  signal: AbortSignal,
): Promise<ObservedAccount> {
  const domain = await access.admin.domain(wanted.domain, signal);
  if (!domain && isSame(wanted.domain, administrator.domain)) throw notBootstrapped();
  if (!domain) return { domain, project: undefined, users: {}, others: [] };
  const project =
    wanted.project === undefined ? undefined : await access.admin.project(wanted.project, domain.id, signal);
  // With these disabled no login succeeds, whatever the password.
  refuseDisabled('domain', domain);
  if (project) refuseDisabled('project', project);

  const all = await generationsOf(access.admin, wanted.base, domain, signal);
  const target: Target | undefined =
    wanted.project === undefined ? { domain: domain.id } : project && { project: project.id };
  const users: Record<string, ObservedUser> = {};
  for (const one of wanted.users) {
    const user = all.find(({ name }) => isSame(name, one.name));
    if (!user) continue;
    const mark = ownerOf(user);
    const as = { username: one.name, password: one.password, userDomainName: wanted.domain };
    // Of another claim's user, passwords are not tried: that may lock it out.
    const isTried = user.enabled && (mark === undefined || mark === owner);
    const accepted = isTried && (await isAccepted(access, as, signal));
    refuseForeignUser(owner, wanted, user, accepted);
    const roles = target ? await access.admin.rolesOf(user.id, target, signal) : [];
    const [credential] = await access.admin.applicationCredentials(user.id, applicationCredentialName, signal);
    const secret = one.secret;
    // Of a disabled user nobody can tell; the next look will.
    const credentialAccepted =
      credential !== undefined &&
      secret !== undefined &&
      (!user.enabled ||
        (await isAccepted(access, { ...as, applicationCredential: { id: credential.id, secret } }, signal)));
    users[one.name] = { user, accepted, roles, credential, credentialAccepted };
  }
  const others = all.filter(
    (user) => ownerOf(user) === owner && !wanted.users.some(({ name }) => isSame(name, user.name)),
  );
  return { domain, project, users, others };
}

/** All users of the base name in the domain, whosoever they are. */
export async function generationsOf(
  admin: IdentityApi,
  base: string,
  domain: Domain,
  signal: AbortSignal,
): Promise<readonly User[]> {
  const users = await admin.usersNamed(base, domain.id, signal);
  return users.filter(({ name }) => isUserOf(base, name, { ignoreCase: true }));
}

/** The only proof that a password is right is that Keystone takes it. */
export async function isAccepted(
  access: Access,
  login: Omit<IdentityLogin, 'authUrl'>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await access.as(login).login(signal);
    return true;
  } catch (error) {
    if (error instanceof IdentityError && error.failure === 'Denied') return false;
    throw error;
  }
}

function refuseDisabled(kind: string, { name, enabled }: Domain): void {
  if (enabled) return;
  const remedy = `openstack ${kind} set --enable ${name}`;
  throw new Refused(Reason.IdentityFailed, `The ${kind} "${name}" is disabled, nobody can log in: ${remedy}`);
}

function refuseForeignUser(owner: string, { domain }: WantedAccount, user: User, accepted: boolean): void {
  refuseForeign(
    owner,
    { mark: ownerOf(user), isProven: accepted, isEmpty: false },
    {
      ...{ reason: Reason.UserTaken, what: `User "${user.name}" of domain "${domain}"`, claim: IdentityClaim.kind },
      remedy: { handOver: `openstack user set --domain ${domain} --description '${claimMark(owner)}' ${user.name}` },
    },
  );
}

async function observeServices(
  { admin }: Access,
  wanted: WantedIdentity,
  { type, endpoints: urls }: WantedService,
  signal: AbortSignal,
): Promise<ObservedService[]> {
  const ours: ObservedService[] = [];
  for (const service of await admin.servicesOf(type, signal)) {
    const endpoints = await admin.endpointsOf(service.id, signal);
    const here = endpoints.filter(({ region_id }) => region_id === wanted.region);
    const evidence = { mark: ownerOf(service), isProven: leadsTo(here, urls), isEmpty: false };
    if (ownershipOf(wanted.owner, evidence) === 'Owned') {
      ours.push({ service, endpoints });
      continue;
    }
    // Another region's, which has an entry of its own.
    if (endpoints.length > 0 && here.length === 0) continue;
    refuseForeign(wanted.owner, evidence, {
      reason: Reason.ServiceTaken,
      what: `The catalog's service "${service.name}" of type "${type}" (${service.id})`,
      claim: IdentityClaim.kind,
      instead: 'delete it',
      remedy: { handOver: `openstack service set --description '${claimMark(wanted.owner)}' ${service.id}` },
    });
  }
  // Of twins, which come of a call whose answer got lost, that one stays to which clients are led; and always the same.
  return ours.sort(
    (one, other) => other.endpoints.length - one.endpoints.length || (one.service.id < other.service.id ? -1 : 1),
  );
}

/** An entry that lost its mark still is the claim's when it leads to the very same URLs. */
function leadsTo(endpoints: readonly CatalogEndpoint[], urls: WantedService['endpoints']): boolean {
  const wanted = Object.entries(urls);
  return (
    endpoints.length === wanted.length &&
    wanted.every(([name, url]) => endpoints.some((endpoint) => endpoint.interface === name && endpoint.url === url))
  );
}
