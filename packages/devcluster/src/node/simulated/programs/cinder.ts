// As much of Cinder as shows that it stands: that it is there to everybody, types of volumes and volumes to whoever has a
// token. Volumes are kept in this process, for all Pods of one Cinder: those of one database.
import { randomUUID } from 'node:crypto';
import type { ContainerSpec } from '../../runtime.js';
import type { Program } from '../program.js';
import { authtoken } from './authtoken.js';
import { worker } from './generic.js';
import { httpApi, jsonObject, Refusal, type Answer, type Call } from './http-api.js';
import { serveApi } from './serve.js';
import { settingsOf } from './settings.js';

const PORT = 8776;

interface Volume {
  id: string;
  name: string;
  size: number;
  status: 'available';
}

/** Its schedulers and backends work for as long as they are let; all else is done at once. */
export const task = ({ command = [] }: ContainerSpec): Program | undefined =>
  ['cinder-scheduler', 'cinder-volume'].includes(command[0] ?? '') ? worker : undefined;

export const serve: Program = async (context) => {
  const settings = settingsOf(context, '/etc/cinder');
  const database = /@(.+?)(?:\?|$)/.exec(settings['database']?.['connection'] ?? '')?.[1] ?? 'none';
  const volumes = context.shared.of(`cinder/${context.spec.namespace}/${database}`, () => new Map<string, Volume>());
  const signedIn = authtoken(context, settings);
  const ok = (json: object): Answer => ({ status: 200, json });
  const find = ({ parameters: { id = '' } }: Call): Volume => {
    const found = volumes.get(id);
    if (!found) throw new Refusal({ status: 404, json: { itemNotFound: { code: 404, message: `Volume ${id}` } } });
    return found;
  };
  const api = httpApi(
    {
      'GET /healthcheck': () => ({ status: 200, body: 'OK', headers: { 'content-type': 'text/plain' } }),
      'GET /v3/types': signedIn(() => ok({ volume_types: [{ id: randomUUID(), name: '__DEFAULT__' }] })),
      'GET /v3/volumes': signedIn(() => ok({ volumes: [...volumes.values()] })),
      'POST /v3/volumes': signedIn(({ body }) => {
        const { name = '', size = 1 } = (jsonObject(body)?.['volume'] ?? {}) as { name?: string; size?: number };
        const volume: Volume = { id: randomUUID(), name, size, status: 'available' };
        volumes.set(volume.id, volume);
        return { status: 202, json: { volume } };
      }),
      'GET /v3/volumes/{id}': signedIn((call) => ok({ volume: find(call) })),
      'DELETE /v3/volumes/{id}': signedIn((call) => {
        volumes.delete(find(call).id);
        return { status: 202 };
      }),
    },
    signedIn(() => ({ status: 404 })),
  );
  await serveApi(api, PORT, context);
  return 0;
};
