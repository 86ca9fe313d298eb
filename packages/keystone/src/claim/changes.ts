// From what is there to what is wanted, in the order in which it must happen. Resumable: each change alone leaves a state that
// leads on, since all that is made carries its mark from the first moment.
import type { IdentityClaim } from '@stackwright/api';
import { IdentityError } from '@stackwright/openstack';
import { interfaces, type CatalogEndpoint, type Target, type User } from '../identity-api/identity-api.js';
import {
  applicationCredentialName,
  isAccepted,
  isSame,
  marked,
  ownerOf,
  userOptions,
  type Access,
  type ObservedAccount,
  type ObservedIdentity,
  type ObservedService,
  type ObservedUser,
  type WantedAccount,
  type WantedIdentity,
  type WantedService,
  type WantedUser,
} from './identity.js';

export interface IdentityChange {
  /** In words, without secrets. */
  readonly what: string;
  /** Those of one part are made one after the other; the parts need not wait for each other. */
  readonly part: 'users' | 'catalog';
  /** What it makes that services know by its id: "user", "project" or "domain", with its name. */
  readonly makes?: { kind: 'domain' | 'project' | 'user'; name: string };
  make(run: Run): Promise<unknown>;
}

/** What the changes of one run share. */
export interface Run {
  access: Access;
  signal: AbortSignal;
  /** Ids of what has just been made, by kind and name. */
  made: Map<string, string>;
}

type Part = Omit<IdentityChange, 'part'>;

export function changesOf(wanted: WantedIdentity, observed: ObservedIdentity): IdentityChange[] {
  const users = wanted.accounts.flatMap((account, index) => {
    const seen = observed.accounts[index];
    return seen ? accountChanges(wanted.owner, account, seen) : [];
  });
  const catalog = wanted.service ? serviceChanges(wanted, wanted.service, observed.services) : [];
  return [
    ...users.map((change) => ({ ...change, part: 'users' as const })),
    ...catalog.map((change) => ({ ...change, part: 'catalog' as const })),
  ];
}

/** Ends when nothing of it is under way any more, even where something failed. */
export async function makeChanges(
  access: Access,
  changes: readonly IdentityChange[],
  signal: AbortSignal,
): Promise<void> {
  const run: Run = { access, signal, made: new Map() };
  const parts = (['users', 'catalog'] as const).map(async (part) => {
    for (const change of changes) if (change.part === part) await change.make(run);
  });
  for (const result of await Promise.allSettled(parts)) if (result.status === 'rejected') throw result.reason;
}

/** Of a change that makes again what the claim had been given: it has another id from now on. */
export function lossIn({ status }: Readonly<IdentityClaim>, { makes }: IdentityChange): string | undefined {
  if (!makes || status?.username === undefined) return undefined;
  const { kind, name } = makes;
  const had = [status.username, ...(status.superseded ?? [])];
  if (kind === 'user' && !had.some((one) => isSame(one, name))) return undefined;
  return `The ${kind} "${name}" was gone from Keystone, and is made again: with another id, and without what others had granted to it`;
}

/** What others need, too: another claim may have made it a moment ago. */
async function shared<T>(create: () => Promise<T>, find: () => Promise<T | undefined>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    const there = error instanceof IdentityError && error.status === 409 ? await find() : undefined;
    if (there === undefined) throw error;
    return there;
  }
}

function madeId({ made }: Run, what: string): string {
  const id = made.get(what);
  if (id === undefined) throw new Error(`There is no ${what} yet`);
  return id;
}

function accountChanges(owner: string, wanted: WantedAccount, seen: ObservedAccount): Part[] {
  const { domain, project } = wanted;
  const changes: Part[] = [];
  const domainId = (run: Run) => seen.domain?.id ?? madeId(run, `domain ${domain}`);
  const target = (run: Run): Target =>
    project === undefined
      ? { domain: domainId(run) }
      : { project: seen.project?.id ?? madeId(run, `project ${project}`) };
  if (!seen.domain) {
    changes.push({
      what: `Create the domain "${domain}"`,
      makes: { kind: 'domain', name: domain },
      make: async ({ access: { admin }, signal, made }) => {
        const { id } = await shared(
          () => admin.createDomain({ name: domain }, signal),
          () => admin.domain(domain, signal),
        );
        made.set(`domain ${domain}`, id);
      },
    });
  }
  if (project !== undefined && !seen.project) {
    changes.push({
      what: `Create the project "${project}"`,
      makes: { kind: 'project', name: project },
      make: async (run) => {
        const { admin } = run.access;
        const { id } = await shared(
          () => admin.createProject({ name: project, domain_id: domainId(run) }, run.signal),
          () => admin.project(project, domainId(run), run.signal),
        );
        run.made.set(`project ${project}`, id);
      },
    });
  }
  for (const user of wanted.users) {
    const there = seen.users[user.name];
    if (there) {
      changes.push(...userChanges(owner, wanted, user, there));
    } else {
      changes.push({
        what: `Create the user "${user.name}"`,
        makes: { kind: 'user', name: user.name },
        make: async (run) => {
          const made = await run.access.admin.createUser(
            {
              name: user.name,
              domain_id: domainId(run),
              password: user.password,
              enabled: true,
              options: userOptions,
              ...marked(owner),
            },
            run.signal,
          );
          run.made.set(`user ${user.name}`, made.id);
        },
      });
    }
    const userId = (run: Run) => there?.user.id ?? madeId(run, `user ${user.name}`);
    changes.push(...roleChanges(wanted, user, there, userId, target));
    changes.push(...credentialChanges(wanted, user, there, userId));
  }
  if (wanted.dropOthers) {
    for (const { id, name } of seen.others) {
      changes.push({
        what: `Drop the superseded user "${name}"`,
        make: ({ access, signal }) => access.admin.deleteUser(id, signal),
      });
    }
  }
  return changes;
}

function userChanges(
  owner: string,
  { domain }: WantedAccount,
  { name, password }: WantedUser,
  { user, accepted }: ObservedUser,
): Part[] {
  const changes: Part[] = [];
  const set = (what: string, fields: Partial<User> & { password?: string }): Part => ({
    what,
    make: ({ access, signal }) => access.admin.updateUser(user.id, fields, signal),
  });
  if (ownerOf(user) === undefined) changes.push(set(`Mark the user "${name}" as the claim's`, marked(owner)));
  if (Object.entries(userOptions).some(([option, value]) => user.options[option] !== value)) {
    changes.push(
      set(`Except the user "${name}" from the rules for people's passwords`, {
        options: { ...user.options, ...userOptions },
      }),
    );
  }
  if (!user.enabled) changes.push(set(`Enable the user "${name}"`, { enabled: true }));
  if (!accepted) {
    changes.push({
      what: user.enabled
        ? `Set the password of the user "${name}" to that of its Secret`
        : `Set the password of the user "${name}" to that of its Secret, unless it is`,
      async make({ access, signal }) {
        // Of a disabled user nobody could tell; and a history of passwords refuses the same one again.
        const login = { username: name, password, userDomainName: domain };
        if (!user.enabled && (await isAccepted(access, login, signal))) return;
        await access.admin.updateUser(user.id, { password }, signal);
      },
    });
  }
  return changes;
}

function roleChanges(
  { roles, project, domain }: WantedAccount,
  { name }: WantedUser,
  there: ObservedUser | undefined,
  userId: (run: Run) => string,
  target: (run: Run) => Target,
): Part[] {
  const where = project === undefined ? `domain "${domain}"` : `project "${project}"`;
  const has = there?.roles ?? [];
  const missing = roles.filter((role) => !has.some((one) => isSame(one.name, role)));
  const needless = has.filter((one) => !roles.some((role) => isSame(role, one.name)));
  return [
    ...missing.map((role) => ({
      what: `Grant the role "${role}" on the ${where} to the user "${name}"`,
      async make(run: Run) {
        const { admin } = run.access;
        const find = () => admin.role(role, run.signal);
        const { id } = (await find()) ?? (await shared(() => admin.createRole({ name: role }, run.signal), find));
        await admin.grant(userId(run), target(run), id, run.signal);
      },
    })),
    ...needless.map((role) => ({
      what: `Revoke the role "${role.name}" on the ${where} from the user "${name}"`,
      make: (run: Run) => run.access.admin.revoke(userId(run), target(run), role.id, run.signal),
    })),
  ];
}

function credentialChanges(
  { domain, project, roles }: WantedAccount,
  { name, password, secret }: WantedUser,
  there: ObservedUser | undefined,
  userId: (run: Run) => string,
): Part[] {
  const credential = there?.credential;
  // Keystone adds the roles that these imply, and tells no more which were asked for.
  const description = `For an IdentityClaim, with the roles ${[...roles].sort().join(', ')}`;
  const isRight = there?.credentialAccepted === true && credential?.description === description;
  const changes: Part[] = [];
  if (credential && !isRight) {
    changes.push({
      what: `Delete the application credential of the user "${name}"`,
      make: (run) => run.access.admin.deleteApplicationCredential(userId(run), credential.id, run.signal),
    });
  }
  if (secret !== undefined && !isRight && project !== undefined) {
    changes.push({
      what: `Create an application credential for the user "${name}"`,
      async make(run) {
        const as = {
          username: name,
          password,
          userDomainName: domain,
          projectName: project,
          projectDomainName: domain,
        };
        const made = {
          name: applicationCredentialName,
          description,
          secret,
          roles: roles.map((role) => ({ name: role })),
        };
        const user = run.access.as(as);
        // A token from before may be that of a user of this name who was deleted.
        await user.login(run.signal);
        await user.api.createApplicationCredential(userId(run), made, run.signal);
      },
    });
  }
  return changes;
}

function serviceChanges(
  { owner, region }: WantedIdentity,
  { type, name, endpoints }: WantedService,
  [ours, ...twins]: readonly ObservedService[],
): Part[] {
  const changes = twins.flatMap((twin) => removalOf(twin, region));
  const what = `service "${name}" of type "${type}"`;
  if (!ours) {
    changes.push({
      what: `Create the ${what}`,
      make: async ({ access, signal, made }) => {
        const service = await access.admin.createService({ type, name, enabled: true, ...marked(owner) }, signal);
        made.set('service', service.id);
      },
    });
  } else {
    const { service } = ours;
    const set = (words: string, fields: Partial<typeof service>): Part => ({
      what: `${words} the ${what}`,
      make: ({ access, signal }) => access.admin.updateService(service.id, fields, signal),
    });
    if (ownerOf(service) === undefined) changes.push(set("Mark as the claim's", marked(owner)));
    if (service.name !== name) changes.push(set(`Rename from "${service.name}"`, { name }));
    if (!service.enabled) changes.push(set('Enable', { enabled: true }));
  }
  const here = (ours?.endpoints ?? []).filter(({ region_id }) => region_id === region);
  for (const one of interfaces) {
    const [endpoint, ...more] = here.filter((each) => each.interface === one).sort(byId);
    const url = endpoints[one];
    if (url === undefined) {
      if (endpoint) changes.push(removalOfEndpoint(endpoint, type));
    } else if (!endpoint) {
      changes.push({
        what: `Create the ${one} endpoint of "${type}": ${url}`,
        make: (run) =>
          run.access.admin.createEndpoint(
            {
              service_id: ours?.service.id ?? madeId(run, 'service'),
              interface: one,
              region_id: region,
              url,
              enabled: true,
            },
            run.signal,
          ),
      });
    } else if (endpoint.url !== url || !endpoint.enabled) {
      changes.push({
        what: `Set the ${one} endpoint of "${type}": ${url}`,
        make: ({ access, signal }) => access.admin.updateEndpoint(endpoint.id, { url, enabled: true }, signal),
      });
    }
    changes.push(...more.map((twin) => removalOfEndpoint(twin, type)));
  }
  return changes;
}

const byId = (one: { id: string }, other: { id: string }): number => (one.id < other.id ? -1 : 1);

const removalOfEndpoint = ({ id, interface: name }: CatalogEndpoint, type: string): Part => ({
  what: `Delete the ${name} endpoint of "${type}" (${id})`,
  make: ({ access, signal }) => access.admin.deleteEndpoint(id, signal),
});

/** What a service has in the region; the service itself only where no other region has endpoints of it. */
function removalOf({ service, endpoints }: ObservedService, region: string): Part[] {
  const here = endpoints.filter(({ region_id }) => region_id === region);
  const changes = here.map((endpoint) => removalOfEndpoint(endpoint, service.type));
  if (here.length === endpoints.length) {
    changes.push({
      what: `Delete the service "${service.name}" of type "${service.type}" (${service.id})`,
      make: ({ access, signal }) => access.admin.deleteService(service.id, signal),
    });
  }
  return changes;
}
