// The namespace that an installation lives in, and what it asks of all Pods in it, whoever makes them.
import type { Namespace } from '@stackwright/kube';

/** Of the Pod Security Standards. What must be nearer to its node than `restricted` lets it has a namespace of its own. */
export type PodSecurityLevel = 'restricted' | 'privileged';

export function namespaceManifest(name: string, level: PodSecurityLevel = 'restricted'): Namespace {
  const modes = ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, level] as const);
  const labels = { 'app.kubernetes.io/part-of': 'stackwright', ...Object.fromEntries(modes) };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}
