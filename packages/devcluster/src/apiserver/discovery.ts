// What the server serves, told to clients: /api, /apis, and both in one document (aggregated discovery).
import type { JsonObject } from './json.js';
import type { Registry } from './registry/registry.js';
import { apiVersionOf, type ServedResource, type Subresource } from './registry/resource.js';

const subresourceKinds: Record<
  Subresource,
  { group?: string; version?: string; kind?: string; verbs: readonly string[] }
> = {
  status: { verbs: ['get', 'patch', 'update'] },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  log: { verbs: ['get'] },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  ephemeralcontainers: { verbs: ['get', 'patch', 'update'] },
  finalize: { verbs: ['update'] },
};

export interface Discovery {
  groups(): Map<string, string[]>;
  document(path: string): JsonObject | undefined;
  aggregated(path: '/api' | '/apis', version: 'v2' | 'v2beta1'): JsonObject;
}

export function discovery(registry: Registry): Discovery {
  const groups = (): Map<string, string[]> => {
    const versions = new Map<string, string[]>();
    for (const { group, version } of registry.all()) {
      const known = versions.get(group) ?? [];
      if (!known.includes(version)) known.push(version);
      versions.set(group, known);
    }
    // Later versions, and stable before beta before alpha, come first: the first one is preferred.
    for (const known of versions.values()) known.sort(byPriority);
    return versions;
  };

  const groupDocument = (name: string, versions: readonly string[]): JsonObject => ({
    name,
    versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
    preferredVersion: { groupVersion: `${name}/${versions[0] ?? ''}`, version: versions[0] ?? '' },
  });

  const resourceList = (group: string, version: string): JsonObject | undefined => {
    const resources = of(registry, group, version);
    if (resources.length === 0) return undefined;
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: apiVersionOf({ group, version }),
      resources: resources.flatMap((resource) => [
        {
          name: resource.plural,
          singularName: resource.singular,
          namespaced: resource.namespaced,
          kind: resource.kind,
          verbs: resource.verbs,
          ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
          ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
        },
        ...resource.subresources.map((subresource) => {
          const about = subresourceKinds[subresource];
          return {
            name: `${resource.plural}/${subresource}`,
            singularName: '',
            namespaced: resource.namespaced,
            ...(about.kind === undefined ? {} : { group: about.group, version: about.version }),
            kind: about.kind ?? resource.kind,
            verbs: about.verbs,
          };
        }),
      ]),
    };
  };

  return {
    groups,

    document(path) {
      const parts = path.split('/').filter((part) => part !== '');
      if (path === '/api') {
        return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
      }
      if (path === '/apis') {
        return {
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: [...groups()]
            .filter(([group]) => group !== '')
            .map(([group, versions]) => groupDocument(group, versions)),
        };
      }
      if (parts[0] === 'api' && parts.length === 2) return resourceList('', parts[1] as string);
      if (parts[0] !== 'apis') return undefined;
      const group = parts[1] as string;
      if (parts.length === 3) return resourceList(group, parts[2] as string);
      const versions = groups().get(group);
      return parts.length === 2 && versions && group !== ''
        ? { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, versions) }
        : undefined;
    },

    aggregated(path, version) {
      return {
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: [...groups()]
          .filter(([group]) => (group === '') === (path === '/api'))
          .map(([group, versions]) => ({
            metadata: group === '' ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
            versions: versions.map((item) => ({
              version: item,
              resources: of(registry, group, item).map(aggregatedResource),
              freshness: 'Current',
            })),
          })),
      };
    },
  };
}

function aggregatedResource(resource: ServedResource): JsonObject {
  const { group, version, kind } = resource;
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(resource.subresources.length > 0
      ? {
          subresources: resource.subresources.map((subresource) => {
            const about = subresourceKinds[subresource];
            return {
              subresource,
              responseKind: {
                group: about.group ?? group,
                version: about.version ?? version,
                kind: about.kind ?? kind,
              },
              verbs: about.verbs,
            };
          }),
        }
      : {}),
  };
}

const of = (registry: Registry, group: string, version: string): ServedResource[] =>
  registry.all().filter((resource) => resource.group === group && resource.version === version);

/** "v2" before "v1" before "v1beta2" before "v1beta1" before "v1alpha1". */
export function byPriority(a: string, b: string): number {
  const rank = (version: string): number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return [-1, 0, 0];
    return [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  const different = left.findIndex((value, index) => value !== right[index]);
  return different < 0 ? a.localeCompare(b) : (right[different] as number) - (left[different] as number);
}
