// A broker in memory that understands the calls of this package to the management API.
import type { Http, HttpRequest, HttpResponse } from '@stackwright/openstack';
import { isHashOf } from '../management/password-hash.js';

interface User {
  password_hash: string;
  hashing_algorithm: string;
  tags: string[];
}

interface Vhost {
  description: string;
  tags: string[];
  default_queue_type: string;
  queues: string[];
  permissions: Map<string, { configure: string; write: string; read: string }>;
  policies: Map<string, object>;
  state: string;
}

export class FakeBroker implements Http {
  readonly vhosts = new Map<string, Vhost>();
  readonly users = new Map<string, User>();
  /** "PUT /api/vhosts/nova": what was asked for, without what only looks. */
  readonly writes: string[] = [];
  /** Set: no connection succeeds. */
  down = false;
  /** Resources that are short. */
  alarms: string[] = [];
  /** Called before each call that writes; throwing leaves it undone. */
  beforeWrite: (call: string) => void = () => undefined;
  /** Called after each call that writes; throwing loses its answer. */
  afterWrite: (call: string) => void = () => undefined;
  /** Base URLs that were connected to, with the CA where one was given. */
  readonly bases = new Set<string>();
  /** Brokers of its cluster that run. */
  nodes = ['rabbit@a'];
  /** Their versions, where they are not all the same. */
  readonly versions = new Map<string, string>();
  /** Feature flags, and whether they are enabled. */
  readonly flags = new Map<string, { enabled: boolean; stability: string }>();
  administrator = { username: 'admin', password: 'adminpw' };

  vhost(name: string, given: Partial<Vhost> = {}): Vhost {
    const vhost: Vhost = {
      description: '',
      tags: [],
      default_queue_type: 'classic',
      queues: [],
      permissions: new Map(),
      policies: new Map(),
      state: 'running',
      ...given,
    };
    this.vhosts.set(name, vhost);
    return vhost;
  }

  /** Whether a client with these credentials may use the virtual host. */
  admits(username: string, password: string, vhost: string): boolean {
    return (
      isHashOf(this.users.get(username)?.password_hash ?? '', password) &&
      this.vhosts.get(vhost)?.permissions.get(username)?.write === '.*'
    );
  }

  request(call: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    return new Promise((resolve) => resolve(this.answer(call, signal)));
  }

  private answer({ method, url, headers, json, ca }: HttpRequest, signal: AbortSignal): HttpResponse {
    signal.throwIfAborted();
    const { origin, pathname } = new URL(url);
    if (this.down) throw new Error(`connect ECONNREFUSED ${origin.slice('http://'.length)}`);
    const { username, password } = this.administrator;
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    if (headers?.['authorization'] !== basic) return reply(401, { error: 'not_authorized', reason: 'Not_Authorized' });
    this.bases.add(`${url.slice(0, url.indexOf('/api/'))}${ca === undefined ? '' : ` with ${ca}`}`);
    const path = pathname
      .slice(pathname.indexOf('/api/') + '/api/'.length)
      .split('/')
      .map(decodeURIComponent);
    if (method === 'GET') return this.look(path);
    const what = `${method} ${pathname}`;
    this.beforeWrite(what);
    this.writes.push(what);
    const answer = this.write(method, path, (json ?? {}) as Record<string, unknown>);
    this.afterWrite(what);
    return answer;
  }

  private look([kind = '', name = '', other = '']: string[]): HttpResponse {
    const vhost = this.vhosts.get(name);
    switch (kind) {
      case 'overview':
        return reply(200, { rabbitmq_version: '4.0.5' });
      case 'nodes':
        return reply(
          200,
          this.nodes.map((node) => ({
            name: node,
            running: true,
            applications: [{ name: 'rabbit', version: this.versions.get(node) ?? '4.0.5' }],
          })),
        );
      case 'feature-flags': {
        const flags = [...this.flags].map(([flag, { enabled, stability }]) => ({
          name: flag,
          state: enabled ? 'enabled' : 'disabled',
          stability,
        }));
        return reply(200, flags);
      }
      case 'policies': {
        const policy = vhost?.policies.get(other);
        return policy ? reply(200, { vhost: name, name: other, ...policy }) : missing();
      }
      case 'health': {
        const alarms = this.alarms.map((resource) => ({ node: 'rabbit@a', resource }));
        return alarms.length > 0 ? reply(503, { status: 'failed', alarms }) : reply(200, { status: 'ok' });
      }
      case 'vhosts': {
        if (!vhost) return missing();
        const { description, tags, default_queue_type, state } = vhost;
        return reply(200, { name, description, tags, default_queue_type, cluster_state: { 'rabbit@a': state } });
      }
      case 'queues':
        return vhost
          ? reply(
              200,
              vhost.queues.map((queue) => ({ name: queue })),
            )
          : missing();
      case 'users': {
        if (name === '')
          return reply(
            200,
            [...this.users].map(([user, fields]) => ({ name: user, ...fields })),
          );
        const user = this.users.get(name);
        return user ? reply(200, { name, ...user }) : missing();
      }
      case 'permissions': {
        const permissions = vhost?.permissions.get(other);
        return permissions ? reply(200, { user: other, vhost: name, ...permissions }) : missing();
      }
      default:
        return missing();
    }
  }

  private write(
    method: string,
    [kind = '', name = '', other = '']: string[],
    body: Record<string, unknown>,
  ): HttpResponse {
    const tags = text(body['tags']).split(',').filter(Boolean);
    switch (`${method} ${kind}`) {
      case 'PUT vhosts': {
        const there = this.vhosts.get(name);
        const fields = {
          description: text(body['description']),
          tags,
          default_queue_type: text(body['default_queue_type']),
        };
        this.vhost(name, { ...there, ...fields });
        return reply(there ? 204 : 201);
      }
      case 'PUT policies': {
        const there = this.vhosts.get(name);
        there?.policies.set(other, body);
        return there ? reply(201) : missing();
      }
      case 'PUT feature-flags': {
        const flag = this.flags.get(name);
        if (!flag || other !== 'enable') return missing();
        flag.enabled = true;
        return reply(204);
      }
      case 'DELETE vhosts':
        return this.vhosts.delete(name) ? reply(204) : missing();
      case 'PUT users': {
        const there = this.users.has(name);
        const { password_hash: hash, hashing_algorithm: algorithm } = body;
        this.users.set(name, { password_hash: text(hash), hashing_algorithm: text(algorithm), tags });
        return reply(there ? 204 : 201);
      }
      case 'DELETE users':
        for (const { permissions } of this.vhosts.values()) permissions.delete(name);
        return this.users.delete(name) ? reply(204) : missing();
      case 'PUT permissions': {
        const vhost = this.vhosts.get(name);
        if (!vhost || !this.users.has(other))
          return reply(400, { error: 'bad_request', reason: 'vhost_or_user_not_found' });
        vhost.permissions.set(other, body as { configure: string; write: string; read: string });
        return reply(201);
      }
      default:
        return reply(405, { error: 'method_not_allowed' });
    }
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const reply = (status: number, body?: unknown): HttpResponse => ({
  status,
  headers: {},
  body: body === undefined ? '' : JSON.stringify(body),
});
const missing = (): HttpResponse => reply(404, { error: 'Object Not Found', reason: 'Not Found' });
