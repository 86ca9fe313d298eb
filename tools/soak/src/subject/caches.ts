// What caches hold, in a form that can be compared.
import type { Reader } from '@stackwright/core';
import { ConfigMap, type KubeObject, type Resource } from '@stackwright/kube';
import { widgetKinds } from './kinds.js';

export const cachedKinds: readonly Resource[] = [...widgetKinds, ConfigMap];

/** resourceVersions, by plural and name. */
export type CacheContents = Record<string, Record<string, string>>;

export const contentsOf = (cache: Reader): CacheContents =>
  Object.fromEntries(cachedKinds.map((kind) => [kind.plural, versionsOf(cache.list(kind))]));

export const versionsOf = (objects: readonly Readonly<KubeObject>[]): Record<string, string> =>
  Object.fromEntries(objects.map(({ metadata }) => [metadata?.name ?? '', metadata?.resourceVersion ?? '']));
