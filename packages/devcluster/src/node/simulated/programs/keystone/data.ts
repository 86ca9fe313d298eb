// What the simulated Keystone remembers. All Pods of one Keystone share it, and it outlives them, as a database would: it
// belongs to the name of the database in their configuration.
import { createHash, randomUUID } from 'node:crypto';
import { JsonFile } from '../../shared-state.js';

export interface Row extends Record<string, unknown> {
  id: string;
  name?: string;
  enabled?: boolean;
  domain_id?: string;
}

export const collections = ['domains', 'projects', 'users', 'roles', 'services', 'regions', 'endpoints'] as const;
export type CollectionName = (typeof collections)[number];

/** What a role is given on, and what a token is for. */
export interface Target {
  project?: string;
  domain?: string;
  system?: true;
}

export interface Assignment extends Target {
  role: string;
  user: string;
}

export interface ApplicationCredential extends Row {
  user_id: string;
  project_id: string;
  roles: { id: string; name: string }[];
}

interface Contents {
  tables: Record<CollectionName, Record<string, Row>>;
  assignments: Assignment[];
  /** Role by role, by id: whoever has the one has the others too. */
  implied: Record<string, string[]>;
  /** Of users and application credentials, by id; hashes. */
  secrets: Record<string, string>;
  applicationCredentials: Record<string, ApplicationCredential>;
  /** Audit ids of tokens that were revoked, and from when on (milliseconds) a user's tokens count. */
  revokedTokens: string[];
  tokensSince: Record<string, number>;
}

const emptyContents = (): Contents => ({
  tables: { domains: {}, projects: {}, users: {}, roles: {}, services: {}, regions: {}, endpoints: {} },
  assignments: [],
  implied: {},
  secrets: {},
  applicationCredentials: {},
  revokedTokens: [],
  tokensSince: {},
});

export const newId = (): string => randomUUID().replaceAll('-', '');

const hashOf = (id: string, secret: string): string => createHash('sha256').update(`${id}\0${secret}`).digest('hex');

const same = (a: Target, b: Target): boolean =>
  a.project === b.project && a.domain === b.domain && a.system === b.system;

export class IdentityData {
  readonly #file: JsonFile<Contents>;

  /** Without a file all is forgotten when the process ends. */
  constructor(file?: string) {
    this.#file = new JsonFile(file, emptyContents());
  }

  get #contents(): Contents {
    return this.#file.value;
  }

  get(collection: CollectionName, id: string): Row | undefined {
    return this.#contents.tables[collection][id];
  }

  /** In the order in which they were made. */
  list(collection: CollectionName, accepts: (row: Row) => boolean = () => true): Row[] {
    return Object.values(this.#contents.tables[collection]).filter(accepts);
  }

  /** As MariaDB compares names. */
  named(collection: CollectionName, name: string, domain?: string): Row | undefined {
    return this.list(
      collection,
      (row) => row.name?.toLowerCase() === name.toLowerCase() && (domain === undefined || row.domain_id === domain),
    )[0];
  }

  put(collection: CollectionName, row: Row): Row {
    this.#contents.tables[collection][row.id] = row;
    this.save();
    return row;
  }

  /** With all that refers to it. */
  remove(collection: CollectionName, id: string): void {
    delete this.#contents.tables[collection][id];
    const contents = this.#contents;
    if (collection === 'services')
      for (const endpoint of this.list('endpoints', ({ service_id }) => service_id === id))
        delete contents.tables.endpoints[endpoint.id];
    if (collection === 'domains')
      for (const each of ['projects', 'users'] as const)
        for (const row of this.list(each, ({ domain_id }) => domain_id === id)) this.remove(each, row.id);
    if (collection === 'users') delete contents.secrets[id];
    for (const credential of Object.values(contents.applicationCredentials))
      if (credential.user_id === id || credential.project_id === id) this.removeCredential(credential.id);
    contents.assignments = contents.assignments.filter(
      ({ role, user, project, domain }) => ![role, user, project, domain].includes(id),
    );
    this.save();
  }

  assignments(accepts: (assignment: Assignment) => boolean): Assignment[] {
    return this.#contents.assignments.filter(accepts);
  }

  isAssigned({ role, user, ...target }: Assignment): boolean {
    return this.#contents.assignments.some((each) => each.role === role && each.user === user && same(each, target));
  }

  assign(assignment: Assignment): void {
    if (!this.isAssigned(assignment)) this.#contents.assignments.push(assignment);
    this.save();
  }

  unassign({ role, user, ...target }: Assignment): void {
    this.#contents.assignments = this.#contents.assignments.filter(
      (each) => !(each.role === role && each.user === user && same(each, target)),
    );
    this.save();
  }

  /** Whoever has `role` has `implied` too. */
  imply(role: string, implied: string): void {
    this.#contents.implied[role] = [...new Set([...(this.#contents.implied[role] ?? []), implied])];
    this.save();
  }

  /** Those that a user has there, with the implied ones. */
  rolesOf(user: string, target: Target): Row[] {
    const found = new Set<string>();
    const add = (role: string): void => {
      if (found.has(role)) return;
      found.add(role);
      for (const implied of this.#contents.implied[role] ?? []) add(implied);
    };
    for (const { role } of this.assignments((each) => each.user === user && same(each, target))) add(role);
    return [...found].flatMap((role) => this.get('roles', role) ?? []);
  }

  /** The secret of a user or an application credential. */
  setSecret(id: string, secret: string): void {
    this.#contents.secrets[id] = hashOf(id, secret);
    this.save();
  }

  knowsSecret(id: string, secret: string): boolean {
    return this.#contents.secrets[id] === hashOf(id, secret);
  }

  credential(id: string): ApplicationCredential | undefined {
    return this.#contents.applicationCredentials[id];
  }

  credentialsOf(user: string): ApplicationCredential[] {
    return Object.values(this.#contents.applicationCredentials).filter(({ user_id }) => user_id === user);
  }

  putCredential(credential: ApplicationCredential, secret: string): void {
    this.#contents.applicationCredentials[credential.id] = credential;
    this.setSecret(credential.id, secret);
  }

  removeCredential(id: string): void {
    delete this.#contents.applicationCredentials[id];
    delete this.#contents.secrets[id];
    this.save();
  }

  revoke(auditId: string): void {
    this.#contents.revokedTokens.push(auditId);
    this.save();
  }

  /** All tokens that the user has been given until now. */
  revokeAllOf(user: string, now: number): void {
    this.#contents.tokensSince[user] = now;
    this.save();
  }

  isRevoked(auditId: string, user: string, issuedAt: number): boolean {
    return this.#contents.revokedTokens.includes(auditId) || issuedAt < (this.#contents.tokensSince[user] ?? 0);
  }

  save(): void {
    this.#file.save();
  }
}
