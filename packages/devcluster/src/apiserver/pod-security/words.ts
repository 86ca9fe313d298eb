// How findings are put into words.
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { Container } from 'kubernetes-types/core/v1.d.ts';

/** `"a", "b"` */
export const quoted = (items: readonly string[]): string => items.map((item) => `"${item}"`).join(', ');

export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort();

export const counted = (singular: string, items: readonly unknown[], plural = `${singular}s`): string =>
  items.length === 1 ? singular : plural;

/** `containers "a", "b"` */
export const named = (what: string, items: readonly string[]): string => `${counted(what, items)} ${quoted(items)}`;

/** `pod and container "a"`: who sets something. */
export const setters = (isPod: boolean, containers: readonly string[]): string =>
  [...(isPod ? ['pod'] : []), ...(containers.length > 0 ? [named('container', containers)] : [])].join(' and ');

/** In the order in which they are looked at. */
export const containersOf = (spec: PodSpec): Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...((spec.ephemeralContainers ?? []) as Container[]),
];

/** Names of the containers of which it holds. */
export const namesOf = (spec: PodSpec, holds: (container: Container) => boolean): string[] =>
  containersOf(spec)
    .filter(holds)
    .map(({ name }) => name);
