// The cloud as its users see it: the APIs of its services.
import { EndpointSlice, Secret, type Client } from '@stackwright/kube';
import { namespace } from './world.js';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Of an answer that is an object. */
  json: Record<string, unknown>;
}

interface Named {
  id: string;
  name?: string;
}

export interface Endpoint {
  id: string;
  interface: string;
  url: string;
  service_id: string;
}

/** The administrator's view. */
export class Cloud {
  readonly #client: Client;
  #token: string | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** A new one each time. */
  async login(): Promise<string> {
    const { data = {} } = await this.#client.get(Secret, { namespace, name: 'keystone-admin' });
    const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
    const domain = { name: 'Default' };
    const user = { name: value('username'), domain, password: value('password') };
    const scope = { project: { name: value('project_name'), domain } };
    const identity = { methods: ['password'], password: { user } };
    const { status, headers, text } = await this.#send('keystone', 'POST', '/v3/auth/tokens', {
      body: JSON.stringify({ auth: { identity, scope } }),
    });
    const token = headers.get('x-subject-token');
    if (token === null) throw new Error(`Keystone answered ${status}: ${text}`);
    return token;
  }

  /** As the administrator, who logs in once, unless `token` says otherwise. */
  async call(
    service: string,
    method: string,
    path: string,
    given: { body?: string | Buffer; headers?: Record<string, string>; token?: string } = {},
  ): Promise<Answer> {
    this.#token ??= await this.login();
    const headers = { 'x-auth-token': given.token ?? this.#token, ...given.headers };
    return this.#send(service, method, path, { ...given, headers });
  }

  /** Of Keystone's collections. */
  async list<T extends Named | Endpoint = Named>(collection: string): Promise<T[]> {
    const { json, status, text } = await this.call('keystone', 'GET', `/v3/${collection}`);
    if (status !== 200) throw new Error(`${collection}: ${status} ${text}`);
    return json[collection] as T[];
  }

  /** "placement public http://…", sorted. */
  async endpoints(): Promise<string[]> {
    const names = new Map((await this.list('services')).map(({ id, name }) => [id, name]));
    const all = await this.list<Endpoint>('endpoints');
    return all.map((one) => `${names.get(one.service_id) ?? ''} ${one.interface} ${one.url}`).sort();
  }

  async users(): Promise<string[]> {
    return (await this.list('users')).map(({ name = '' }) => name).sort();
  }

  /** Resource classes, as whoever has the token. */
  resourceClasses(token?: string): Promise<Answer> {
    const headers = { 'openstack-api-version': 'placement 1.39' };
    return this.call('placement', 'GET', '/resource_classes', { headers, ...(token === undefined ? {} : { token }) });
  }

  /** Sends to an endpoint that is ready now, and to another where a Pod went away under it. */
  async #send(service: string, method: string, path: string, init: RequestInit): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const url = `${await this.#ready(service)}${path}`;
      try {
        const answer = await fetch(url, { ...init, method });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, text, json: objectOf(text) };
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  async #ready(service: string): Promise<string> {
    const { items } = await this.#client.listAll(EndpointSlice, {
      namespace,
      labelSelector: `kubernetes.io/service-name=${service}`,
    });
    for (const { endpoints, ports } of items) {
      const found = endpoints.find(({ conditions }) => conditions?.ready);
      if (found) return `http://${found.addresses[0] ?? ''}:${ports?.[0]?.port ?? 0}`;
    }
    throw new Error(`no endpoint of ${service} is ready`);
  }
}

function objectOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
