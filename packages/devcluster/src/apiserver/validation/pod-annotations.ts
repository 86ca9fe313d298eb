// Annotations of Pods that mean something, most of them from before there were fields for it.
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { Findings } from './findings.js';
import { checkDescending } from './paths.js';

export const MIRROR = 'kubernetes.io/config.mirror';
export const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

type Annotations = Readonly<Record<string, string>>;

export function checkPodAnnotations(
  findings: Findings,
  path: string,
  annotations: Annotations | undefined = {},
  spec: PodSpec,
): void {
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  for (const [key, value] of Object.entries(annotations)) {
    const at = `${path}[${key}]`;
    if (key === MIRROR && !spec.nodeName)
      findings.invalid(at, value, 'must set spec.nodeName if mirror pod annotation is set');
    if (key === DELETION_COST && !isCost(value)) findings.invalid(at, value, 'must be a 32bit integer');
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) checkSeccomp(findings, `${path}.${key}`, value);
    if (!key.startsWith(APPARMOR)) continue;
    const name = key.slice(APPARMOR.length);
    if (!containers.some((container) => container.name === name)) findings.invalid(at, name, 'container not found');
    if (!/^(|runtime\/default|unconfined|localhost\/.*)$/s.test(value))
      findings.invalid(at, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
  }
}

/** Written as a number is written, without a plus or zeros before it. */
const isCost = (text: string): boolean =>
  /^(0|-?[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;

function checkSeccomp(findings: Findings, path: string, profile: string): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return;
  if (profile.startsWith('localhost/')) checkDescending(findings, path, profile.slice('localhost/'.length));
  else findings.invalid(path, profile, 'must be a valid seccomp profile');
}

/** Some are given at creation, for ever. */
export function checkAnnotationUpdates(
  findings: Findings,
  annotations: Annotations | undefined = {},
  old: Annotations | undefined = {},
): void {
  const fixed = (key: string): string | undefined =>
    key === MIRROR ? 'mirror pod annotation' : key.startsWith(APPARMOR) ? 'AppArmor annotations' : undefined;
  for (const key of Object.keys(old)) {
    const what = annotations[key] === old[key] ? undefined : fixed(key);
    if (what) findings.forbidden(`metadata.annotations[${key}]`, `may not remove or update ${what}`);
  }
  for (const key of Object.keys(annotations)) {
    const what = key in old ? undefined : fixed(key);
    if (what) findings.forbidden(`metadata.annotations[${key}]`, `may not add ${what}`);
  }
}
