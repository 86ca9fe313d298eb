// What a kubeconfig says: reading files, merging several, and the cluster and user of one context. Field names are the file's.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { clusterProblems, userProblems } from './problems.js';
import type { Cluster, User } from './entries.js';

/** There is no usable configuration; the message says where was looked. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

interface Context {
  cluster: string;
  user?: string;
  namespace?: string;
}

/** What a connection is made from. */
export interface Selection {
  /** Of the context's cluster, for messages. */
  name: string;
  cluster: Cluster;
  user: User;
  namespace: string | undefined;
}

export interface Source {
  name: string;
  text: string;
  /** What relative paths in it are relative to. */
  root: string;
}

export interface Kubeconfig {
  clusters: Map<string, Cluster>;
  users: Map<string, User>;
  contexts: Map<string, Context>;
  currentContext: string;
}

export function readSource(file: string): Source {
  try {
    return { name: file, text: readFileSync(file, 'utf8'), root: dirname(resolve(file)) };
  } catch (cause) {
    throw new ConfigError(`cannot read the kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Of several sources the first that defines a name wins. */
export function parseSources(sources: readonly Source[]): Kubeconfig {
  const merged: Kubeconfig = { clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: '' };
  const add = <T>(to: Map<string, T>, from: ReadonlyMap<string, T>): void => {
    for (const [name, entry] of from) if (!to.has(name)) to.set(name, entry);
  };
  for (const source of sources) {
    const config = parseSource(source);
    add(merged.clusters, config.clusters);
    add(merged.users, config.users);
    add(merged.contexts, config.contexts);
    merged.currentContext ||= config.currentContext;
  }
  return merged;
}

export function select(config: Kubeconfig, context = config.currentContext): Selection {
  if (!context) throw new ConfigError('the kubeconfig has no current-context');
  const chosen = config.contexts.get(context);
  if (!chosen) throw new ConfigError(`the kubeconfig has no context "${context}"`);
  const cluster = config.clusters.get(chosen.cluster);
  if (!cluster) throw new ConfigError(`the kubeconfig has no cluster "${chosen.cluster}"`);
  const user = chosen.user ? config.users.get(chosen.user) : {};
  if (!user) throw new ConfigError(`the kubeconfig has no user "${chosen.user}"`);
  const problems = [
    ...clusterProblems(cluster).map((text) => `cluster "${chosen.cluster}": ${text}`),
    ...userProblems(user).map((text) => `user "${chosen.user}": ${text}`),
  ];
  if (problems.length > 0) throw new ConfigError(`the kubeconfig cannot be used: ${problems.join('; ')}`);
  return { name: chosen.cluster, cluster, user, namespace: chosen.namespace };
}

interface Document {
  clusters?: unknown;
  users?: unknown;
  contexts?: unknown;
  'current-context'?: unknown;
}

function parseSource({ name, text, root }: Source): Kubeconfig {
  try {
    const document = parse(text) as Document | null;
    if (typeof document !== 'object' || document === null) throw new Error('it is not a mapping');
    const clusters = entriesOf<Cluster>(document.clusters, 'cluster', 'server');
    const users = entriesOf<User>(document.users, 'user');
    for (const cluster of clusters.values()) makeAbsolute(cluster, ['certificate-authority'], root);
    for (const user of users.values()) {
      makeAbsolute(user, ['client-certificate', 'client-key', 'tokenFile'], root);
      // A bare name is looked for in $PATH; anything else is a path like the others.
      if (user.exec?.command?.includes('/')) makeAbsolute(user.exec, ['command'], root);
    }
    return {
      clusters,
      users,
      contexts: entriesOf<Context>(document.contexts, 'context', 'cluster'),
      currentContext: typeof document['current-context'] === 'string' ? document['current-context'] : '',
    };
  } catch (cause) {
    throw new ConfigError(`${name} is not a kubeconfig: ${(cause as Error).message}`, { cause });
  }
}

/** "clusters: [{ name, cluster }]" by name; the first of a name wins. */
function entriesOf<T extends object>(
  list: unknown,
  kind: 'cluster' | 'user' | 'context',
  required?: keyof T & string,
): Map<string, T> {
  const entries = new Map<string, T>();
  if (!Array.isArray(list)) return entries;
  (list as ({ name?: string } & Partial<Record<string, T>>)[]).forEach((entry, index) => {
    const path = `${kind}s[${index}]`;
    if (!entry?.name) throw new Error(`${path}.name is missing`);
    const value = entry[kind] ?? (required === undefined ? ({} as T) : undefined);
    if (!value) throw new Error(`${path}.${kind} is missing`);
    if (required !== undefined && !value[required]) throw new Error(`${path}.${kind}.${required} is missing`);
    if (!entries.has(entry.name)) entries.set(entry.name, value);
  });
  return entries;
}

function makeAbsolute<T extends object>(entry: T, fields: readonly (keyof T)[], root: string): void {
  for (const field of fields) {
    const path = entry[field];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path))
      entry[field] = join(root, path) as T[typeof field];
  }
}
