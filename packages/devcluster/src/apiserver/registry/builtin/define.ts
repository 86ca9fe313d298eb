// How a built-in kind is declared: a descriptor of @stackwright/kube, and what is particular about it.
import type { KubeObject, Resource } from '@stackwright/kube';
import type { ApiObject } from '../../json.js';
import type { NameRule } from '../../schema/formats.js';
import { definitionName } from '../../schema/definitions.js';
import { ref } from '../../schema/schema.js';
import {
  STANDARD_VERBS,
  type Column,
  type ScalePaths,
  type ServedResource,
  type Strategy,
  type Subresource,
} from '../resource.js';

export interface BuiltinOptions<T> {
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: readonly Subresource[];
  strategy?: Strategy<T>;
  columns?: readonly Column[];
  scale?: ScalePaths;
  nameRule?: NameRule;
  storage?: string;
  convert?: ServedResource['convert'];
}

export function builtin<T extends KubeObject>(resource: Resource<T>, options: BuiltinOptions<T> = {}): ServedResource {
  const { group, version, kind, plural, namespaced } = resource;
  const schema = ref(definitionName(group, version, kind));
  return {
    group,
    version,
    kind,
    plural,
    namespaced,
    listKind: `${kind}List`,
    singular: kind.toLowerCase(),
    shortNames: options.shortNames ?? [],
    categories: options.categories ?? [],
    nameRule: options.nameRule ?? 'subdomain',
    verbs: STANDARD_VERBS,
    storage: options.storage ?? `${group}/${plural}`,
    subresources: options.subresources ?? [],
    // A stored object of this kind is a T: nothing else passes its schema.
    strategy: (options.strategy ?? {}) as unknown as Strategy<ApiObject>,
    schema: () => schema,
    custom: false,
    columns: options.columns ?? [],
    ...(options.scale ? { scale: options.scale } : {}),
    ...(options.convert ? { convert: options.convert } : {}),
  };
}
