import type { ConfigMap, Pod, Secret } from '@stackwright/kube';
import type { Container, EnvVarSource } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../shared/objects.js';
import { fieldValue, resourceValue, type NodeResources, type PodAddresses } from './downward.js';
import { RuntimeError } from './runtime.js';

export interface EnvSources {
  secret(namespace: string, name: string): Secret | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
}

export interface EnvContext {
  pod: Stored<Pod>;
  addresses: PodAddresses;
  node: NodeResources;
  sources: EnvSources;
  /** What every container is told: how to reach the API server. */
  defaults: Readonly<Record<string, string>>;
}

const configError = (message: string): RuntimeError => new RuntimeError('CreateContainerConfigError', message);

/** Characters of one argument or variable, and of all together: with more no kernel starts a program. */
const LONGEST = 128 * 1024;
const LONGEST_IN_ALL = 2 * 1024 * 1024;

/** The container's environment, later settings over earlier ones. Throws a CreateContainerConfigError for what is missing or too long. */
export function buildEnv(container: Container, context: EnvContext): { name: string; value: string }[] {
  const env = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(readAll(source, context))) env.set(`${source.prefix ?? ''}${key}`, value);
  }
  const known: Record<string, string> = { ...context.defaults, ...Object.fromEntries(env) };
  let length = 0;
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = valueFrom ? resolve(container, valueFrom, context) : expand(value ?? '', known);
    if (resolved === undefined) continue;
    length += resolved.length;
    if (length > LONGEST_IN_ALL) throw configError(`the variables have more than ${LONGEST_IN_ALL} characters`);
    env.set(name, resolved);
    known[name] = resolved;
  }
  for (const [name, value] of Object.entries(context.defaults)) if (!env.has(name)) env.set(name, value);
  return [...env].map(([name, value]) => ({ name, value }));
}

/**
 * `$(NAME)` becomes the variable's value, `$$` a dollar; what is not set stays as it is written. Throws a CreateContainerConfigError
 * for what becomes too long: variables that name each other twice would double what there is with each of them.
 */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  let length = text.length;
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) => {
    if (match === '$$') return '$';
    if (name === undefined || !Object.hasOwn(env, name)) return match;
    const value = env[name] ?? '';
    length += value.length - match.length;
    if (value.length > match.length && length > LONGEST)
      throw configError(`what $(${name.slice(0, 64)}) stands in has more than ${LONGEST} characters with its value`);
    return value;
  });
}

/** Of a command, or its arguments. */
export function expandAll(texts: readonly string[], env: Readonly<Record<string, string>>): string[] {
  let length = 0;
  return texts.map((text) => {
    const expanded = expand(text, env);
    length += expanded.length;
    if (length > LONGEST_IN_ALL) throw configError(`the arguments have more than ${LONGEST_IN_ALL} characters`);
    return expanded;
  });
}

/** Names of the Secrets and ConfigMaps that a Pod reads, as "Secret/name". */
export function referencesOf(pod: Pod): Set<string> {
  const names = new Set<string>();
  const add = (kind: 'Secret' | 'ConfigMap', name: string | undefined): void => {
    if (name) names.add(`${kind}/${name}`);
  };
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  for (const container of [...initContainers, ...containers, ...ephemeralContainers]) {
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add('Secret', secretRef?.name);
      add('ConfigMap', configMapRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('Secret', valueFrom?.secretKeyRef?.name);
      add('ConfigMap', valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const { secret, configMap, projected } of pod.spec?.volumes ?? []) {
    add('Secret', secret?.secretName);
    add('ConfigMap', configMap?.name);
    for (const source of projected?.sources ?? []) {
      add('Secret', source.secret?.name);
      add('ConfigMap', source.configMap?.name);
    }
  }
  return names;
}

function readAll(
  source: NonNullable<Container['envFrom']>[number],
  { pod, sources }: EnvContext,
): Record<string, string> {
  const { namespace } = pod.metadata;
  if (source.secretRef) {
    const name = source.secretRef.name ?? '';
    const secret = sources.secret(namespace, name);
    if (!secret && !source.secretRef.optional) throw configError(`secret "${name}" not found`);
    return Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, decode(value)]));
  }
  if (source.configMapRef) {
    const name = source.configMapRef.name ?? '';
    const configMap = sources.configMap(namespace, name);
    if (!configMap && !source.configMapRef.optional) throw configError(`configmap "${name}" not found`);
    return { ...configMap?.data };
  }
  return {};
}

function resolve(container: Container, from: EnvVarSource, context: EnvContext): string | undefined {
  const { pod, sources } = context;
  const { namespace } = pod.metadata;
  if (from.fieldRef) {
    const value = fieldValue(pod, from.fieldRef, context.addresses);
    if (value === undefined) throw configError(`unsupported fieldPath: ${from.fieldRef.fieldPath}`);
    return value;
  }
  if (from.resourceFieldRef) {
    const named = from.resourceFieldRef.containerName;
    const target =
      named === undefined ? container : (pod.spec?.containers.find(({ name }) => name === named) ?? container);
    const value = resourceValue(target, from.resourceFieldRef, context.node);
    if (value === undefined) throw configError(`unsupported container resource: ${from.resourceFieldRef.resource}`);
    return value;
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const secret = sources.secret(namespace, name);
    const value = secret?.data?.[key];
    if (value !== undefined) return decode(value);
    if (optional) return undefined;
    throw configError(
      secret ? `couldn't find key ${key} in Secret ${namespace}/${name}` : `secret "${name}" not found`,
    );
  }
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const configMap = sources.configMap(namespace, name);
    const value = configMap?.data?.[key];
    if (value !== undefined) return value;
    if (optional) return undefined;
    throw configError(
      configMap ? `couldn't find key ${key} in ConfigMap ${namespace}/${name}` : `configmap "${name}" not found`,
    );
  }
  return undefined;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
