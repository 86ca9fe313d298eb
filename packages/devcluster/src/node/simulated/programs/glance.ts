// A Glance that takes images and gives them back. They are kept in this process, for all Pods of one Glance: those of one
// database.
import { createHash, randomUUID } from 'node:crypto';
import type { Program } from '../program.js';
import { authtoken } from './authtoken.js';
import { httpApi, jsonObject, Refusal, type Answer, type Call, type Handler, type Routes } from './http-api.js';
import { serveApi } from './serve.js';
import { settingsOf } from './settings.js';

const PORT = 9292;

interface Image extends Record<string, unknown> {
  id: string;
  status: 'queued' | 'active';
}

interface Stored {
  image: Image;
  content?: Buffer;
}

export const glance: Program = async (context) => {
  const settings = settingsOf(context, '/etc/glance');
  const database = /@(.+?)(?:\?|$)/.exec(settings['database']?.['connection'] ?? '')?.[1] ?? 'none';
  const images = context.shared.of(`glance/${context.spec.namespace}/${database}`, () => new Map<string, Stored>());
  const signedIn = authtoken(context, settings);
  const api = httpApi(
    {
      'GET /': ({ base }) => ({
        status: 300,
        json: { versions: [{ id: 'v2.17', status: 'CURRENT', links: [{ rel: 'self', href: `${base}/v2/` }] }] },
      }),
      'GET /healthcheck': () => ({ status: 200, body: 'OK', headers: { 'content-type': 'text/plain' } }),
      ...imageRoutes(images, signedIn, () => new Date(context.clock.now()).toISOString()),
    },
    signedIn(() => ({ status: 404 })),
  );
  await serveApi(api, PORT, context);
  return 0;
};

function imageRoutes(images: Map<string, Stored>, signedIn: (handler: Handler) => Handler, now: () => string): Routes {
  const find = ({ parameters: { id = '' } }: Call): Stored => {
    const found = images.get(id);
    if (!found) throw new Refusal({ status: 404, body: `No image found with ID ${id}` });
    return found;
  };
  const ok = (json: object): Answer => ({ status: 200, json });
  return {
    'GET /v2/images': signedIn(({ query }) => {
      const fits = ({ image }: Stored): boolean =>
        [...query].every(([name, value]) => name === 'limit' || image[name] === undefined || image[name] === value);
      const found = [...images.values()].filter(fits).map(({ image }) => image);
      return ok({ images: found, schema: '/v2/schemas/images', first: '/v2/images' });
    }),
    'POST /v2/images': signedIn(({ body, base }) => {
      const given = jsonObject(body) ?? {};
      const id = typeof given['id'] === 'string' ? given['id'] : randomUUID();
      if (images.has(id)) return { status: 409, body: `Image ID ${id} already exists!` };
      const image: Image = {
        ...{ visibility: 'shared', protected: false, tags: [], checksum: null, size: null, created_at: now() },
        ...given,
        id,
        status: 'queued',
        file: `/v2/images/${id}/file`,
      };
      images.set(id, { image });
      return { status: 201, json: image, headers: { location: `${base}/v2/images/${id}` } };
    }),
    'GET /v2/images/{id}': signedIn((call) => ok(find(call).image)),
    'DELETE /v2/images/{id}': signedIn((call) => {
      images.delete(find(call).image.id);
      return { status: 204 };
    }),
    'PUT /v2/images/{id}/file': signedIn((call) => {
      const stored = find(call);
      if (stored.content) return { status: 409, body: 'Image status transition from active to saving is not allowed' };
      stored.content = call.body;
      const digest = (algorithm: string): string => createHash(algorithm).update(call.body).digest('hex');
      Object.assign(stored.image, {
        status: 'active',
        size: call.body.length,
        checksum: digest('md5'),
        os_hash_algo: 'sha512',
        os_hash_value: digest('sha512'),
      });
      return { status: 204 };
    }),
    'GET /v2/images/{id}/file': signedIn((call) => {
      const { content, image } = find(call);
      if (!content) return { status: 204 };
      const headers = { 'content-type': 'application/octet-stream', 'content-md5': String(image['checksum']) };
      return { status: 200, body: content, headers };
    }),
  };
}
