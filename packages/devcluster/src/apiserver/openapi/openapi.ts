// OpenAPI documents: what kubectl validates with and explains. Made when asked for, kept while nothing changes.
import { createHash } from 'node:crypto';
import type { JsonObject } from '../json.js';
import type { Registry } from '../registry/registry.js';
import type { ServedResource } from '../registry/resource.js';
import { collect, schemaName } from './components.js';
import { pathsOf } from './paths.js';

export interface OpenApi {
  v2(): JsonObject;
  v3Index(): JsonObject;
  /** The document of "api/v1" or "apis/<group>/<version>". */
  v3(path: string): JsonObject | undefined;
}

const info = { title: 'Stackwright devcluster', version: 'v1' };

export function openApi(registry: Registry): OpenApi {
  const cache = new Map<string, unknown>();
  let generation = -1;
  const cached = <T>(key: string, make: () => T): T => {
    if (generation !== registry.generation) cache.clear();
    generation = registry.generation;
    if (!cache.has(key)) cache.set(key, make());
    return cache.get(key) as T;
  };

  const byDocument = (): Map<string, ServedResource[]> => {
    const documents = new Map<string, ServedResource[]>();
    for (const resource of registry.all()) {
      const path = resource.group === '' ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
      documents.set(path, [...(documents.get(path) ?? []), resource]);
    }
    return documents;
  };

  return {
    v3Index: () =>
      cached('v3', () => ({
        paths: Object.fromEntries(
          [...byDocument()].map(([path, resources]) => [
            path,
            { serverRelativeURL: `/openapi/v3/${path}?hash=${hash(resources)}` },
          ]),
        ),
      })),

    v3: (path) =>
      cached(`v3/${path}`, () => {
        const resources = byDocument().get(path);
        if (!resources) return undefined;
        return { openapi: '3.0.0', info, paths: pathsOf(resources, 'v3'), components: { schemas: collect(resources) } };
      }),

    v2: () =>
      cached('v2', () => {
        const resources = registry.all();
        const document = { swagger: '2.0', info, paths: pathsOf(resources, 'v2'), definitions: collect(resources) };
        return JSON.parse(JSON.stringify(document).replaceAll('#/components/schemas/', '#/definitions/')) as JsonObject;
      }),
  };
}

/** Clients keep documents by this: it must differ when a document does. */
function hash(resources: readonly ServedResource[]): string {
  const digest = createHash('sha256');
  for (const resource of resources) {
    digest.update(
      JSON.stringify([
        schemaName(resource),
        resource.plural,
        resource.subresources,
        resource.custom ? resource.schema() : null,
      ]),
    );
  }
  return digest.digest('hex').slice(0, 32).toUpperCase();
}
