// OpenAPI documents: what kubectl validates with and explains.
import type { JsonObject } from '../json.js';
import type { Registry } from '../registry/registry.js';

export interface OpenApi {
  v2(): JsonObject;
  v3Index(): JsonObject;
  /** The document of "api/v1" or "apis/<group>/<version>". */
  v3(path: string): JsonObject | undefined;
}

export function openApi(_registry: Registry): OpenApi {
  return {
    v2: () => ({ swagger: '2.0', info: { title: 'stackwright', version: 'v1' }, paths: {}, definitions: {} }),
    v3Index: () => ({ paths: {} }),
    v3: () => undefined,
  };
}
