// What stands, held against what was asked for.
import type { Asked } from '../load.js';
import type { CacheContents } from '../subject/caches.js';
import { partsOf, WIDGET_LABEL } from '../subject/parts.js';

/** What is read of the objects. */
export interface Standing {
  widgets: readonly StandingWidget[];
  parts: readonly {
    metadata?: { name?: string; labels?: Readonly<Record<string, string>> };
    data?: Readonly<Record<string, string>>;
  }[];
  accounts: ReadonlyMap<string, number>;
}

export interface StandingWidget {
  metadata?: { name?: string; generation?: number };
  status?: { observedGeneration?: number; revision?: number };
}

/** What was asked for and does not stand so, and what stands that nobody asked for; in words. Nothing: all is well. */
export function auditStanding(asked: ReadonlyMap<string, Asked>, standing: Standing): string[] {
  const missing: string[] = [];
  const widgets = new Map(standing.widgets.map((widget) => [widget.metadata?.name ?? '', widget]));
  const parts = new Map(
    standing.parts
      .filter(({ metadata }) => metadata?.labels?.[WIDGET_LABEL] !== undefined)
      .map((part) => [part.metadata?.name ?? '', part.data?.['revision']]),
  );
  const accounts = new Map(standing.accounts);
  for (const { name, spec } of asked.values()) {
    if (!spec) continue;
    const widget = widgets.get(name);
    widgets.delete(name);
    const { observedGeneration, revision } = widget?.status ?? {};
    if (!widget) missing.push(`${name} is not there`);
    else if (observedGeneration !== widget.metadata?.generation || revision !== spec.revision)
      missing.push(`${name} says revision ${revision ?? 'none'}, not ${spec.revision}`);
    for (const part of partsOf(name, spec)) {
      const there = parts.get(part.metadata.name);
      parts.delete(part.metadata.name);
      if (there !== part.data.revision)
        missing.push(`part ${part.metadata.name} holds revision ${there ?? 'none'}, not ${part.data.revision}`);
    }
    const account = accounts.get(name);
    accounts.delete(name);
    if (account !== spec.revision)
      missing.push(`the account of ${name} holds revision ${account ?? 'none'}, not ${spec.revision}`);
  }
  const beyond = [
    ...[...widgets.keys()].map((name) => `${name} is still there`),
    ...[...parts.keys()].map((name) => `part ${name} is still there`),
    ...[...accounts.keys()].map((name) => `the account of ${name} is still there`),
  ];
  return [...missing, ...beyond];
}

/** What a cache holds that the server does not, or the other way round, or in another version; in words. */
export function auditCache(who: string, cached: CacheContents, served: CacheContents): string[] {
  return Object.entries(served).flatMap(([resource, versions]) => {
    const seen = cached[resource] ?? {};
    const names = new Set([...Object.keys(versions), ...Object.keys(seen)]);
    return [...names].flatMap((name) =>
      seen[name] === versions[name]
        ? []
        : [
            `${who} has ${resource} ${name} in version ${seen[name] ?? 'none'}, the server in ${versions[name] ?? 'none'}`,
          ],
    );
  });
}
