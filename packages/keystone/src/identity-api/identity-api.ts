// The part of Keystone's API (v3) that claims need, as typed calls; everything goes through a session, and so through the
// seam for HTTP. Lists are asked for with filters: an answer is small, however many users a cloud has.
import { identityError, parsed, type Session } from '@stackwright/openstack';
import type { HttpRequest } from '@stackwright/openstack';

interface Named {
  id: string;
  name: string;
}

export interface Domain extends Named {
  enabled: boolean;
}

export type Project = Domain;
export type Role = Named;

export interface User extends Named {
  enabled: boolean;
  description?: string | null;
  options: Readonly<Record<string, unknown>>;
}

export interface CatalogService extends Named {
  type: string;
  enabled: boolean;
  description?: string | null;
}

export const interfaces = ['public', 'internal', 'admin'] as const;
export type Interface = (typeof interfaces)[number];

export interface CatalogEndpoint {
  id: string;
  interface: Interface;
  region_id: string | null;
  url: string;
  enabled: boolean;
}

export interface ApplicationCredential extends Named {
  description?: string | null;
}

/** On what a user has roles. */
export type Target = { project: string } | { domain: string };

/** All reject with an IdentityError. Ids are Keystone's. */
export class IdentityApi {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async domain(name: string, signal: AbortSignal): Promise<Domain | undefined> {
    return one(await this.#list<Domain>('/domains', 'domains', { name }, signal));
  }

  /** No attributes beside these: Keystone stores others, and then refuses to list domains at all. */
  createDomain(domain: { name: string }, signal: AbortSignal): Promise<Domain> {
    return this.#create('/domains', 'domain', domain, signal);
  }

  async project(name: string, domainId: string, signal: AbortSignal): Promise<Project | undefined> {
    return one(await this.#list<Project>('/projects', 'projects', { name, domain_id: domainId }, signal));
  }

  createProject(project: { name: string; domain_id: string }, signal: AbortSignal): Promise<Project> {
    return this.#create('/projects', 'project', project, signal);
  }

  usersNamed(start: string, domainId: string, signal: AbortSignal): Promise<readonly User[]> {
    return this.#list('/users', 'users', { domain_id: domainId, name__startswith: start }, signal);
  }

  createUser(user: Omit<User, 'id'> & { domain_id: string; password: string }, signal: AbortSignal): Promise<User> {
    return this.#create('/users', 'user', user, signal);
  }

  updateUser(id: string, user: Partial<Omit<User, 'id'>> & { password?: string }, signal: AbortSignal): Promise<void> {
    return this.#write('PATCH', `/users/${id}`, 'change the user', signal, { user });
  }

  deleteUser(id: string, signal: AbortSignal): Promise<void> {
    return this.#write('DELETE', `/users/${id}`, 'delete the user', signal);
  }

  async role(name: string, signal: AbortSignal): Promise<Role | undefined> {
    return one(await this.#list<Role>('/roles', 'roles', { name }, signal));
  }

  createRole(role: { name: string }, signal: AbortSignal): Promise<Role> {
    return this.#create('/roles', 'role', role, signal);
  }

  rolesOf(user: string, target: Target, signal: AbortSignal): Promise<readonly Role[]> {
    return this.#list(`${pathOf(target)}/users/${user}/roles`, 'roles', {}, signal);
  }

  grant(user: string, target: Target, role: string, signal: AbortSignal): Promise<void> {
    return this.#write('PUT', `${pathOf(target)}/users/${user}/roles/${role}`, 'grant the role', signal);
  }

  revoke(user: string, target: Target, role: string, signal: AbortSignal): Promise<void> {
    return this.#write('DELETE', `${pathOf(target)}/users/${user}/roles/${role}`, 'revoke the role', signal);
  }

  applicationCredentials(user: string, name: string, signal: AbortSignal): Promise<readonly ApplicationCredential[]> {
    const path = `/users/${user}/application_credentials`;
    return this.#list(path, 'application_credentials', { name }, signal);
  }

  /** Only the user may, with a token for the project that it shall be for. */
  createApplicationCredential(
    user: string,
    credential: { name: string; secret: string; description: string; roles: readonly { name: string }[] },
    signal: AbortSignal,
  ): Promise<ApplicationCredential> {
    return this.#create(`/users/${user}/application_credentials`, 'application_credential', credential, signal);
  }

  deleteApplicationCredential(user: string, id: string, signal: AbortSignal): Promise<void> {
    const what = 'delete the application credential';
    return this.#write('DELETE', `/users/${user}/application_credentials/${id}`, what, signal);
  }

  servicesOf(type: string, signal: AbortSignal): Promise<readonly CatalogService[]> {
    return this.#list('/services', 'services', { type }, signal);
  }

  /** Keystone makes another one each time: nothing of a service is unique but its id. */
  createService(service: Omit<CatalogService, 'id'>, signal: AbortSignal): Promise<CatalogService> {
    return this.#create('/services', 'service', service, signal);
  }

  updateService(id: string, service: Partial<Omit<CatalogService, 'id'>>, signal: AbortSignal): Promise<void> {
    return this.#write('PATCH', `/services/${id}`, 'change the service', signal, { service });
  }

  /** Its endpoints go with it, in all regions. */
  deleteService(id: string, signal: AbortSignal): Promise<void> {
    return this.#write('DELETE', `/services/${id}`, 'delete the service', signal);
  }

  endpointsOf(service: string, signal: AbortSignal): Promise<readonly CatalogEndpoint[]> {
    return this.#list('/endpoints', 'endpoints', { service_id: service }, signal);
  }

  /** No attributes beside these: Keystone stores others, and then refuses to list endpoints at all. */
  createEndpoint(
    endpoint: Omit<CatalogEndpoint, 'id'> & { service_id: string },
    signal: AbortSignal,
  ): Promise<CatalogEndpoint> {
    return this.#create('/endpoints', 'endpoint', endpoint, signal);
  }

  updateEndpoint(
    id: string,
    endpoint: Partial<Pick<CatalogEndpoint, 'url' | 'enabled'>>,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#write('PATCH', `/endpoints/${id}`, 'change the endpoint', signal, { endpoint });
  }

  deleteEndpoint(id: string, signal: AbortSignal): Promise<void> {
    return this.#write('DELETE', `/endpoints/${id}`, 'delete the endpoint', signal);
  }

  async #list<T>(
    path: string,
    key: string,
    filters: Record<string, string>,
    signal: AbortSignal,
  ): Promise<readonly T[]> {
    const query = new URLSearchParams(filters).toString();
    const url = query === '' ? path : `${path}?${query}`;
    const answer = await this.#session.request({ method: 'GET', url }, signal);
    const items =
      answer.status === 200 ? (parsed(answer) as Record<string, T[] | undefined> | undefined)?.[key] : undefined;
    if (!items) throw identityError(`list ${key.replaceAll('_', ' ')}`, answer);
    return items;
  }

  async #create<T>(path: string, key: string, value: object, signal: AbortSignal): Promise<T> {
    const answer = await this.#session.request({ method: 'POST', url: path, json: { [key]: value } }, signal);
    const made =
      answer.status === 201 ? (parsed(answer) as Record<string, T | undefined> | undefined)?.[key] : undefined;
    if (!made) throw identityError(`create the ${key.replaceAll('_', ' ')}`, answer);
    return made;
  }

  /** What is deleted already is as wanted. */
  async #write(
    method: HttpRequest['method'],
    url: string,
    what: string,
    signal: AbortSignal,
    json?: object,
  ): Promise<void> {
    const answer = await this.#session.request({ method, url, ...(json ? { json } : {}) }, signal);
    const isDone = answer.status === 200 || answer.status === 204 || (method === 'DELETE' && answer.status === 404);
    if (!isDone) throw identityError(what, answer);
  }
}

const pathOf = (target: Target): string =>
  'project' in target ? `/projects/${target.project}` : `/domains/${target.domain}`;

const one = <T>([first]: readonly T[]): T | undefined => first;
