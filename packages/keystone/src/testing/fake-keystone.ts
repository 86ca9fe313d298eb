// Keystone's API in memory, as far as this package uses it, with the real one's manners: what it refuses and how, what is
// unique and what is not, that names know no case.
import type { Http, HttpRequest, HttpResponse } from '@stackwright/openstack';

type Body = Record<string, unknown>;

export interface FakeUser extends Body {
  id: string;
  name: string;
  domain_id: string;
  enabled: boolean;
  description?: string;
  options: Record<string, unknown>;
  /** Never shown. */
  password: string;
}

interface Named extends Body {
  id: string;
  name: string;
  enabled: boolean;
}

interface FakeService extends Named {
  type: string;
  description?: string;
}

interface FakeEndpoint extends Body {
  id: string;
  service_id: string;
  interface: string;
  region_id: string;
  url: string;
  enabled: boolean;
}

interface FakeCredential extends Body {
  id: string;
  name: string;
  user_id: string;
  project_id: string;
  roles: { id: string; name: string }[];
  /** Shown once. */
  secret: string;
}

interface Assignment {
  user: string;
  /** "/projects/<id>" or "/domains/<id>" */
  target: string;
  role: string;
}

interface Caller {
  user: FakeUser;
  /** Of the scope. */
  project: string | undefined;
  isAdmin: boolean;
}

class Answer extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const conflict = (kind: string, name: string) =>
  new Answer(409, `Conflict occurred attempting to store ${kind} - Duplicate entry found with name ${name}.`);
const same = (one: unknown, other: unknown): boolean => String(one).toLowerCase() === String(other).toLowerCase();

/** Attributes that may be given; users and services take others besides, as they do in the real one. */
const attributes: Record<string, readonly string[]> = {
  domain: ['name', 'description', 'enabled'],
  project: ['name', 'domain_id', 'description', 'enabled'],
  role: ['name', 'description'],
  endpoint: ['service_id', 'interface', 'region_id', 'url', 'enabled'],
};

export class FakeKeystone implements Http {
  readonly domains: Named[] = [{ id: 'default', name: 'Default', enabled: true }];
  readonly projects: (Named & { domain_id: string })[] = [
    { id: 'p-admin', name: 'admin', domain_id: 'default', enabled: true },
  ];
  readonly roles: Named[] = ['reader', 'member', 'admin', 'service'].map((name) => ({
    id: `r-${name}`,
    name,
    enabled: true,
  }));
  readonly users: FakeUser[] = [];
  readonly services: FakeService[] = [];
  readonly endpoints: FakeEndpoint[] = [];
  readonly credentials: FakeCredential[] = [];
  readonly assignments: Assignment[] = [];
  readonly regions = new Set(['RegionOne']);
  /** "POST /users": what was asked for, without what only looks. */
  readonly writes: string[] = [];
  /** All that was asked for, logins included. */
  readonly calls: HttpRequest[] = [];
  /** Set: nothing answers. */
  down = false;
  /** Called before each write takes effect, and after it; throwing is a connection that breaks then. */
  beforeWrite: (write: string) => void = () => undefined;
  afterWrite: (write: string) => void = () => undefined;
  readonly #tokens = new Map<string, Caller>();
  #ids = 0;

  constructor(adminPassword: string) {
    this.users.push({
      id: 'u-admin',
      name: 'admin',
      domain_id: 'default',
      enabled: true,
      options: {},
      password: adminPassword,
    });
    this.assignments.push({ user: 'u-admin', target: '/projects/p-admin', role: 'r-admin' });
  }

  request(call: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    try {
      signal.throwIfAborted();
      if (this.down) throw new Error('connect ECONNREFUSED 10.0.0.9:5000');
      this.calls.push(call);
      const url = new URL(call.url);
      const path = url.pathname.replace(/^\/v3/, '');
      if (path === '/auth/tokens') return Promise.resolve(this.#logIn(call));
      const caller = this.#tokens.get(call.headers?.['x-auth-token'] ?? '');
      if (!caller) throw new Answer(401, 'The request you have made requires authentication.');
      const write = call.method === 'GET' ? undefined : `${call.method} ${path}`;
      if (write !== undefined) this.beforeWrite(write);
      const [status, body] = this.#route(call.method, path, url.searchParams, call.json as Body | undefined, caller);
      if (write !== undefined) {
        this.writes.push(write);
        this.afterWrite(write);
      }
      return Promise.resolve({ status, headers: {}, body: body === undefined ? '' : JSON.stringify(body) });
    } catch (error) {
      if (!(error instanceof Answer)) return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      const { status: code, message } = error;
      return Promise.resolve({ status: code, headers: {}, body: JSON.stringify({ error: { code, message } }) });
    }
  }

  user(name: string, domain = 'default'): FakeUser | undefined {
    return this.users.find((user) => same(user.name, name) && user.domain_id === domain);
  }

  /** Names of the roles of a user, on what: "admin on /projects/p-1". */
  rolesOf(name: string, domain = 'default'): string[] {
    const id = this.user(name, domain)?.id;
    const nameOf = (list: readonly Named[], wanted: string) => list.find((one) => one.id === wanted)?.name ?? '?';
    return this.assignments
      .filter(({ user }) => user === id)
      .map(({ role, target }) => {
        const [, kind = '', where = ''] = target.split('/');
        const name = nameOf(kind === 'projects' ? this.projects : this.domains, where);
        return `${nameOf(this.roles, role)} on ${kind.slice(0, -1)} ${name}`;
      })
      .sort();
  }

  /** "public http://…", of a type. */
  urlsOf(type: string): string[] {
    const ids = this.services.filter((service) => service.type === type).map(({ id }) => id);
    return this.endpoints
      .filter(({ service_id }) => ids.includes(service_id))
      .map((endpoint) => `${endpoint.interface} ${endpoint.url}`)
      .sort();
  }

  /** As after a rotation that lost keys. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  /** As somebody else would. */
  delete(kind: string, id: string): void {
    const list = this.#listOf(kind);
    list.splice(
      list.findIndex((one) => one['id'] === id),
      1,
    );
    this.#forget(id);
  }

  #id(kind: string): string {
    return `${kind}-${++this.#ids}`;
  }

  #logIn(call: HttpRequest): HttpResponse {
    const { auth } = call.json as { auth: { identity: Body; scope?: 'unscoped' | Record<string, Body> } };
    const refused = new Answer(401, 'The request you have made requires authentication.');
    const [method] = auth.identity['methods'] as string[];
    let user: FakeUser | undefined;
    let target: string | undefined;
    if (method === 'application_credential') {
      const { id, secret } = auth.identity['application_credential'] as Body;
      const credential = this.credentials.find((one) => one.id === id && one.secret === secret);
      user = this.users.find((one) => one.id === credential?.user_id);
      target = `/projects/${credential?.project_id ?? ''}`;
    } else {
      const given = (auth.identity['password'] as Body)['user'] as Body;
      const domain = this.domains.find(({ name }) => same(name, (given['domain'] as Body)['name']));
      const found = domain && this.user(String(given['name']), domain.id);
      if (found && domain.enabled && found.password === given['password']) user = found;
      if (auth.scope !== undefined && auth.scope !== 'unscoped') {
        const { project, domain: scope } = auth.scope;
        const wanted = project ?? scope ?? {};
        const list = project ? this.projects : this.domains;
        target = `/${project ? 'projects' : 'domains'}/${list.find(({ name }) => same(name, wanted['name']))?.id ?? '?'}`;
      }
    }
    if (!user?.enabled) throw refused;
    const held = this.assignments.filter((one) => one.user === user.id && one.target === target);
    if (target !== undefined && held.length === 0) throw refused;
    const roles = held.map(({ role }) => ({ id: role, name: this.roles.find(({ id }) => id === role)?.name ?? '' }));
    const value = this.#id('token');
    this.#tokens.set(value, {
      user,
      project: target?.startsWith('/projects/') ? target.slice('/projects/'.length) : undefined,
      isAdmin: roles.some(({ name }) => name === 'admin'),
    });
    const token = {
      issued_at: '2025-01-01T00:00:00.000000Z',
      expires_at: '2025-01-01T01:00:00.000000Z',
      user: { id: user.id, name: user.name },
      ...(target === undefined ? {} : { roles }),
    };
    return { status: 201, headers: { 'x-subject-token': value }, body: JSON.stringify({ token }) };
  }

  #route(
    method: string,
    path: string,
    query: URLSearchParams,
    json: Body | undefined,
    caller: Caller,
  ): [number, Body | undefined] {
    const [, kind = '', id = '', ...rest] = path.split('/');
    // A token tells by id whom it is for, and outlives that user for a while.
    if (kind === 'users' && rest.length > 0 && !this.users.includes(caller.user)) {
      throw new Answer(404, `Could not find user: ${caller.user.id}.`);
    }
    const own = rest[0] === 'application_credentials' && caller.user.id === id;
    if (!caller.isAdmin && !own)
      throw new Answer(403, `You are not authorized to perform the requested action: ${path}.`);
    if (rest[0] === 'users') return this.#roleOf(method, `/${kind}/${id}`, rest[1] ?? '', rest[3]);
    if (rest[0] === 'application_credentials') return this.#credential(method, id, rest[1], query, json, caller);

    const list = this.#listOf(kind);
    const singular = kind.slice(0, -1);
    if (method === 'GET') {
      const shown = list.filter((one) =>
        [...query].every(([name, value]) =>
          name === 'name__startswith' ? String(one['name']).startsWith(value) : same(one[name], value),
        ),
      );
      return [200, { [kind]: shown.map((one) => ({ ...one, password: undefined })), links: {} }];
    }
    const given = json?.[singular] as Body | undefined;
    for (const name of Object.keys(given ?? {})) {
      if (attributes[singular] && !attributes[singular].includes(name))
        throw new Error(`${name} would spoil every list`);
    }
    if (method === 'POST' && given) return [201, { [singular]: this.#create(singular, list, given) }];
    const at = list.findIndex((one) => one['id'] === id);
    const one = list[at];
    if (!one) throw new Answer(404, `Could not find ${singular}: ${id}.`);
    if (method === 'PATCH') return [200, { [singular]: Object.assign(one, given) }];
    list.splice(at, 1);
    this.#forget(id);
    return [204, undefined];
  }

  #listOf(kind: string): Body[] {
    const lists: Record<string, Body[]> = {
      domains: this.domains,
      projects: this.projects,
      roles: this.roles,
      users: this.users,
      services: this.services,
      endpoints: this.endpoints,
    };
    const list = lists[kind];
    if (!list) throw new Answer(404, `Not found: ${kind}`);
    return list;
  }

  #create(kind: string, list: Body[], given: Body): Body {
    const name = String(given['name']);
    const isUnique = kind !== 'service' && kind !== 'endpoint';
    if (isUnique && list.some((one) => same(one['name'], name) && one['domain_id'] === given['domain_id'])) {
      throw conflict(kind, name);
    }
    if (kind === 'endpoint' && !this.regions.has(String(given['region_id']))) {
      throw new Answer(400, 'Expecting to find endpoint region_id in region table.');
    }
    const made = { enabled: true, ...(kind === 'user' ? { options: {} } : {}), ...given, id: this.#id(kind) };
    list.push(made);
    return { ...made, password: undefined };
  }

  /** What goes with what was deleted. */
  #forget(id: string): void {
    const drop = <T>(list: T[], isGone: (one: T) => boolean): void => {
      for (let at = list.length - 1; at >= 0; at--) if (isGone(list[at] as T)) list.splice(at, 1);
    };
    drop(this.endpoints, ({ service_id }) => service_id === id);
    drop(this.assignments, ({ user }) => user === id);
    drop(this.credentials, ({ user_id }) => user_id === id);
  }

  #roleOf(method: string, target: string, user: string, role: string | undefined): [number, Body | undefined] {
    const held = this.assignments.filter((one) => one.user === user && one.target === target);
    if (method === 'GET') {
      return [200, { roles: held.map((one) => this.roles.find(({ id }) => id === one.role)), links: {} }];
    }
    const there = held.find((one) => one.role === role);
    if (method === 'PUT') {
      if (!there) this.assignments.push({ user, target, role: role ?? '' });
    } else {
      if (!there) throw new Answer(404, 'Could not find role assignment');
      this.assignments.splice(this.assignments.indexOf(there), 1);
    }
    return [204, undefined];
  }

  #credential(
    method: string,
    user: string,
    id: string | undefined,
    query: URLSearchParams,
    json: Body | undefined,
    caller: Caller,
  ): [number, Body | undefined] {
    const mine = this.credentials.filter((one) => one.user_id === user);
    if (method === 'GET') {
      const named = mine.filter(({ name }) => name === query.get('name'));
      return [200, { application_credentials: named.map((one) => ({ ...one, secret: undefined })), links: {} }];
    }
    if (method === 'DELETE') {
      const there = mine.find((one) => one.id === id);
      if (!there) throw new Answer(404, `Could not find application credential: ${id ?? ''}.`);
      this.credentials.splice(this.credentials.indexOf(there), 1);
      return [204, undefined];
    }
    if (caller.user.id !== user || caller.project === undefined) {
      throw new Answer(
        403,
        'You are not authorized to perform the requested action: identity:create_application_credential.',
      );
    }
    const given = json?.['application_credential'] as Body;
    if (mine.some(({ name }) => name === given['name']))
      throw conflict('application_credential', String(given['name']));
    const wanted = given['roles'] as { name: string }[] | undefined;
    const held = this.assignments.filter((one) => one.user === user).map(({ role }) => role);
    const roles = this.roles.filter(({ id, name }) => wanted?.some((one) => same(one.name, name)) ?? held.includes(id));
    // Whatever was asked for: what the roles imply comes along.
    if (roles.some(({ name }) => name === 'admin')) {
      roles.push(...this.roles.filter(({ name }) => ['member', 'reader'].includes(name)));
    }
    const { name, secret, description } = given as { name: string; secret: string; description: string };
    const made: FakeCredential = {
      description,
      id: this.#id('credential'),
      name,
      secret,
      user_id: user,
      project_id: caller.project,
      roles,
    };
    this.credentials.push(made);
    return [201, { application_credential: made }];
  }
}
