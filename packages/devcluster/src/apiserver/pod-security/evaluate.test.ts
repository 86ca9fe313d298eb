// What each version of a level asks; what the server makes of it is in packages/conformance.
import { expect, it } from 'vitest';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { inShort, violationsOf } from './evaluate.js';
import type { Level } from './policy.js';

const good: Container = {
  name: 'main',
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

const container = (securityContext: Container['securityContext'], more: Partial<Container> = {}): PodSpec => ({
  containers: [{ ...good, securityContext: { ...good.securityContext, ...securityContext }, ...more }],
});

const annotated = { 'container.seccomp.security.alpha.kubernetes.io/main': 'unconfined' };

/** From which version on a Pod is refused, or up to which, and why. */
const versions: [level: Level, spec: PodSpec, since: number, reason: string, until?: number][] = [
  ['baseline', container({ privileged: true }), 0, 'privileged'],
  [
    'baseline',
    container({}, { livenessProbe: { tcpSocket: { port: 1, host: '10.0.0.1' } } }),
    34,
    'probe or lifecycle host',
  ],
  ['baseline', container({ procMount: 'Unmasked' }), 0, 'procMount'],
  ['baseline', { ...container({ procMount: 'Unmasked' }), hostUsers: false }, 0, 'procMount', 34],
  ['restricted', { ...container({ procMount: 'Unmasked' }), hostUsers: false }, 0, 'procMount'],
  ['baseline', container({ seLinuxOptions: { type: 'container_engine_t' } }), 0, 'seLinuxOptions', 30],
  ['baseline', container({ seccompProfile: { type: 'Unconfined' } }), 19, 'seccompProfile'],
  ['restricted', container({ allowPrivilegeEscalation: true }), 8, 'allowPrivilegeEscalation != false'],
  ['restricted', container({ capabilities: {} }), 22, 'unrestricted capabilities'],
  ['restricted', container({ runAsUser: 0 }), 23, 'runAsUser=0'],
  ['restricted', { ...container({ runAsUser: 0 }), hostUsers: false }, 23, 'runAsUser=0', 34],
  ['restricted', { ...container({ runAsNonRoot: false }), hostUsers: false }, 0, 'runAsNonRoot != true', 34],
  [
    'baseline',
    { ...container({}), securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } },
    ...([0, 'forbidden sysctls', 31] as const),
  ],
  ['baseline', { ...container({}), volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 0, 'hostPath volumes'],
  ['restricted', { ...container({}), volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 0, 'restricted volume types'],
];

it.each(versions)('%s of %j is asked since v1.%i: %s', (level, spec, since, reason, until = Infinity) => {
  for (const minor of [0, 7, 8, 18, 19, 21, 22, 23, 25, 30, 31, 34, 35, 99, Infinity]) {
    const violations = inShort(violationsOf({ level, minor }, { metadata: {}, spec }));
    expect(violations, `v1.${minor}`).toBe(minor >= since && minor <= until ? reason : '');
  }
});

it('was said in annotations before there was a field', () => {
  const of = (minor: number) =>
    violationsOf({ level: 'baseline', minor }, { metadata: { annotations: annotated }, spec: container({}) });
  expect(of(18)).toMatchObject([{ detail: `forbidden annotation ${Object.keys(annotated)[0] ?? ''}="unconfined"` }]);
  expect(of(19)).toEqual([]);
});

it('asks nothing of Pods for Windows that these do not have', () => {
  const windows = { containers: [{ name: 'main' }], os: { name: 'windows' } };
  const of = (minor: number) => inShort(violationsOf({ level: 'restricted', minor }, { metadata: {}, spec: windows }));
  expect(of(Infinity)).toBe('runAsNonRoot != true');
  expect(of(24)).toBe(
    'allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
  );
});
