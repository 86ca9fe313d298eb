// What a request means on the API, as the audit log would name it.
import { freshPrefix } from './protocol.js';

/** Undefined: not for a resource (discovery, health), or for an object that is not counted. */
export function callOf(method: string, url: string): string | undefined {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const match =
    /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/(?=[^/]+))?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
      pathname,
    );
  const [, resource, name, subresource] = match ?? [];
  if (resource === undefined || name?.startsWith(freshPrefix)) return undefined;
  const verb = verbOf(
    method,
    name !== undefined,
    searchParams.get('watch') === 'true' || searchParams.get('watch') === '1',
  );
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

function verbOf(method: string, named: boolean, watch: boolean): string {
  switch (method) {
    case 'GET':
      if (watch) return 'watch';
      return named ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    default:
      return named ? 'delete' : 'deletecollection';
  }
}
