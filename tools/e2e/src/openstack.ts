// OpenStack's APIs as a client uses them, by the addresses of their Services on the cluster's host.
import { createHash, randomBytes } from 'node:crypto';
import type { Client } from '@stackwright/kube';
import { issueToken, serviceUrl } from './identity.js';

/** An answer that is not the one that was asked for. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
  readonly status: number;

  constructor(call: string, status: number, body: string) {
    super(`${call}: HTTP ${status} ${body.slice(0, 300)}`);
    this.status = status;
  }
}

export interface Call {
  method?: string;
  json?: unknown;
  body?: Uint8Array;
  headers?: Record<string, string>;
  /** Default: a new one of the administrator. */
  token?: string;
}

/** Throws `Unexpected` for what is not 2xx, and fetch's own error where nobody answers. */
export async function call(client: Client, service: string, path: string, options: Call = {}): Promise<Response> {
  const { method = 'GET', json, body, headers = {}, token = await issueToken(client) } = options;
  const content = json === undefined ? body : JSON.stringify(json);
  const response = await fetch(`${await serviceUrl(client, service)}${path}`, {
    method,
    headers: {
      'x-auth-token': token,
      connection: 'close',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
  });
  if (!response.ok) throw new Unexpected(`${method} ${service}${path}`, response.status, await response.text());
  return response;
}

export async function resourceClasses(client: Client, token?: string): Promise<string[]> {
  const response = await call(client, 'placement', '/resource_classes', {
    headers: { 'openstack-api-version': 'placement 1.39' },
    ...(token === undefined ? {} : { token }),
  });
  const { resource_classes: classes } = (await response.json()) as { resource_classes: { name: string }[] };
  return classes.map(({ name }) => name);
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Uploads `size` random bytes; resolves with the image's id and their checksum. */
export async function uploadImage(
  client: Client,
  name: string,
  size: number,
): Promise<{ id: string; checksum: string }> {
  const created = await call(client, 'glance', '/v2/images', {
    method: 'POST',
    json: { name, disk_format: 'raw', container_format: 'bare' },
  });
  const { id } = (await created.json()) as { id: string };
  const bytes = randomBytes(size);
  await call(client, 'glance', `/v2/images/${id}/file`, {
    method: 'PUT',
    body: bytes,
    headers: { 'content-type': 'application/octet-stream' },
  });
  return { id, checksum: sha256(bytes) };
}

export async function downloadImage(client: Client, id: string): Promise<string> {
  const response = await call(client, 'glance', `/v2/images/${id}/file`);
  return sha256(new Uint8Array(await response.arrayBuffer()));
}

export interface Volume {
  id: string;
  size: number;
  status: string;
}

const volumeHeaders = { 'openstack-api-version': 'volume 3.67' };

/** "volumes" or "snapshots": makes one, and resolves with its id. */
export async function makeIn(client: Client, collection: 'volumes' | 'snapshots', given: object): Promise<string> {
  const what = collection.slice(0, -1);
  const json = { [what]: given };
  const made = await call(client, 'cinder', `/v3/${collection}`, { method: 'POST', json, headers: volumeHeaders });
  return ((await made.json()) as Record<string, { id: string }>)[what]?.id ?? '';
}

export async function extendVolume(client: Client, id: string, size: number): Promise<void> {
  const json = { 'os-extend': { new_size: size } };
  await call(client, 'cinder', `/v3/volumes/${id}/action`, { method: 'POST', json, headers: volumeHeaders });
}

/** "available 2"; undefined where there is none. */
export async function stateIn(
  client: Client,
  collection: 'volumes' | 'snapshots',
  id: string,
): Promise<string | undefined> {
  try {
    const shown = await call(client, 'cinder', `/v3/${collection}/${id}`, { headers: volumeHeaders });
    const { status, size } = ((await shown.json()) as Record<string, Volume>)[collection.slice(0, -1)] ?? {};
    return `${status} ${size}`;
  } catch (error) {
    if (error instanceof Unexpected && error.status === 404) return undefined;
    throw error;
  }
}

export async function removeFrom(client: Client, collection: 'volumes' | 'snapshots', id: string): Promise<void> {
  await call(client, 'cinder', `/v3/${collection}/${id}`, { method: 'DELETE', headers: volumeHeaders });
}

interface Named {
  id: string;
  name: string;
}

async function users(client: Client, query = ''): Promise<Named[]> {
  return ((await (await call(client, 'keystone', `/v3/users${query}`)).json()) as { users: Named[] }).users;
}

export const usersNamed = (client: Client, name: string): Promise<Named[]> => users(client, `?name=${name}`);

export const userNames = async (client: Client): Promise<string[]> =>
  (await users(client)).map(({ name }) => name).sort();

export interface Endpoint {
  id: string;
  interface: string;
  url: string;
}

/** Endpoints of the service of that type in the catalog. */
export async function endpointsOfType(client: Client, type: string): Promise<Endpoint[]> {
  const { services } = (await (await call(client, 'keystone', `/v3/services?type=${type}`)).json()) as {
    services: Named[];
  };
  if (services.length > 1) throw new Error(`${services.length} services of type ${type}`);
  const [service] = services;
  if (!service) return [];
  const listed = await call(client, 'keystone', `/v3/endpoints?service_id=${service.id}`);
  return ((await listed.json()) as { endpoints: Endpoint[] }).endpoints;
}
