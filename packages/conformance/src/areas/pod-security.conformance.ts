// What the labels of a namespace ask of its Pods.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import { deployment, pod } from '../support/objects.js';
import { missing, RUN_LABEL, target } from '../support/target.js';

const api = bench('pod-security');
const { NAMESPACES } = api.paths;

const LABEL = 'pod-security.kubernetes.io';
const within = (namespace: string, plural: string, group = 'api/v1'): string =>
  `/${group}/namespaces/${namespace}/${plural}`;

async function namespaceWith(name: string, modes: Record<string, string>): Promise<string> {
  const namespace = api.clusterWide(name);
  await api.create(NAMESPACES, namespaceOf(namespace, modes));
  if (missing(['controllers']) === undefined)
    await api.until(`${within(namespace, 'serviceaccounts')}/default`, () => true);
  return namespace;
}

const labelsOf = (modes: Record<string, string | null>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(modes).map(([mode, value]) => [`${LABEL}/${mode}`, value]));

const namespaceOf = (name: string, modes: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { [RUN_LABEL]: target.run, ...labelsOf(modes) } },
});

const relabel = (namespace: string, modes: Record<string, string | null>): Promise<Answer> =>
  api.merge(`${NAMESPACES}/${namespace}`, { metadata: { labels: labelsOf(modes) } });

/** All that is asked. */
const good = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const main = (more: object = {}, securityContext: object = {}): object => ({
  containers: [{ name: 'main', image: 'busybox:1', securityContext: { ...good, ...securityContext }, ...more }],
});

const tried = (namespace: string, spec: object, metadata: object = {}): Promise<Answer> =>
  api.post(`${within(namespace, 'pods')}?dryRun=All`, pod('tried', spec, metadata));

/** Deleted with the namespace of the bench by the end of the run. */
let baseline: string;
let restricted: string;

beforeAll(async () => {
  if (missing(['rights']) !== undefined) return;
  baseline = await namespaceWith('baseline', { enforce: 'baseline' });
  restricted = await namespaceWith('restricted', { enforce: 'restricted' });
});

const forBoth: [what: string, spec: object, violation: string][] = [
  ['the network of the host', { ...main(), hostNetwork: true }, 'host namespaces (hostNetwork=true)'],
  [
    'all namespaces of the host',
    { ...main(), hostPID: true, hostIPC: true, hostNetwork: true },
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  [
    'a port of the host',
    main({
      ports: [
        { containerPort: 80, hostPort: 8080 },
        { containerPort: 81, hostPort: 81 },
      ],
    }),
    'hostPort (container "main" uses hostPorts 8080, 81)',
  ],
  [
    'a profile of seccomp that is none',
    main({}, { seccompProfile: { type: 'Unconfined' } }),
    'seccompProfile (container "main" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'a profile of AppArmor that is none',
    { ...main(), securityContext: { appArmorProfile: { type: 'Unconfined' } } },
    'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
  ],
  [
    'options of SELinux',
    main({}, { seLinuxOptions: { type: 'spc_t', user: 'u', role: 'r' } }),
    'seLinuxOptions (container "main" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  ],
  [
    'a setting of the kernel',
    {
      ...main(),
      securityContext: {
        sysctls: [
          { name: 'kernel.msgmax', value: '1' },
          { name: 'net.core.somaxconn', value: '1' },
        ],
      },
    },
    'forbidden sysctls (kernel.msgmax, net.core.somaxconn)',
  ],
];

const forBaseline: [what: string, spec: object, violation: string][] = [
  [
    'a privileged container',
    main({}, { privileged: true, allowPrivilegeEscalation: undefined }),
    'privileged (container "main" must not set securityContext.privileged=true)',
  ],
  [
    'a path of the host',
    {
      ...main(),
      volumes: [
        { name: 'a', hostPath: { path: '/a' } },
        { name: 'b', hostPath: { path: '/b' } },
      ],
    },
    'hostPath volumes (volumes "a", "b")',
  ],
  [
    'a capability that is not usual',
    main({}, { capabilities: { add: ['SYS_ADMIN', 'CHOWN', 'NET_ADMIN'] } }),
    'non-default capabilities (container "main" must not include "NET_ADMIN", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
];

const forRestricted: [what: string, spec: object, violation: string][] = [
  [
    'a privileged container',
    main({}, { privileged: true, allowPrivilegeEscalation: undefined }),
    'privileged (container "main" must not set securityContext.privileged=true), allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false)',
  ],
  [
    'a path of the host',
    { ...main(), volumes: [{ name: 'a', hostPath: { path: '/a' } }] },
    'restricted volume types (volume "a" uses restricted volume type "hostPath")',
  ],
  [
    'volumes of a type that is not for all',
    {
      ...main(),
      volumes: [
        { name: 'a', nfs: { server: 's', path: '/' } },
        { name: 'b', emptyDir: {} },
        { name: 'c', iscsi: { targetPortal: '10.0.0.1:3260', iqn: 'iqn.2001-04.com.example:a', lun: 0 } },
      ],
    },
    'restricted volume types (volumes "a", "c" use restricted volume types "iscsi", "nfs")',
  ],
  [
    'capabilities that are kept and added',
    main({}, { capabilities: { add: ['CHOWN', 'NET_BIND_SERVICE'] } }),
    'unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]; container "main" must not include "CHOWN" in securityContext.capabilities.add)',
  ],
  ['root by its number', main({}, { runAsUser: 0 }), 'runAsUser=0 (container "main" must not set runAsUser=0)'],
  [
    'who may be root',
    main({}, { runAsNonRoot: false }),
    'runAsNonRoot != true (container "main" must not set securityContext.runAsNonRoot=false)',
  ],
  [
    'who says nothing',
    { initContainers: [{ name: 'first', image: 'busybox:1' }], containers: [{ name: 'main', image: 'busybox:1' }] },
    'allowPrivilegeEscalation != false (containers "first", "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "first", "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "first", "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "first", "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
];

describe('a namespace that enforces a level', () => {
  it.each([...forBoth, ...forBaseline])('baseline takes no Pod with %s', async (_, spec, violation) => {
    const { code, body } = await tried(baseline, spec);
    expect(body.message).toBe(`pods "tried" is forbidden: violates PodSecurity "baseline:latest": ${violation}`);
    expect([code, body.reason]).toEqual([403, 'Forbidden']);
  });

  it.each([...forBoth, ...forRestricted])('restricted takes no Pod with %s', async (_, spec, violation) => {
    const { code, body } = await tried(restricted, spec);
    expect(body.message).toBe(`pods "tried" is forbidden: violates PodSecurity "restricted:latest": ${violation}`);
    expect(code).toBe(403);
  });

  it('takes a Pod that is as it asks', async () => {
    expect((await tried(baseline, {})).code).toBe(201);
    expect((await tried(restricted, main())).code).toBe(201);
    const asPod = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } };
    const spec = main({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } });
    expect((await tried(restricted, { ...spec, ...asPod })).code).toBe(201);
  });

  it('takes what makes Pods, with a warning: it is the Pods that are refused', async () => {
    const path = `${within(restricted, 'deployments', 'apis/apps/v1')}?dryRun=All`;
    const { code, headers } = await api.post(path, deployment('maker'));
    expect(code).toBe(201);
    expect(headers['warning']).toContain(
      '299 - "would violate PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation',
    );
  });

  it('adds no container to a Pod that it would not take', async () => {
    await api.create(within(restricted, 'pods'), pod('joined', main()));
    const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox:1' }] } };
    const { code, body } = await api.strategic(`${within(restricted, 'pods')}/joined/ephemeralcontainers`, debug);
    expect(code).toBe(403);
    expect(body.message).toContain(
      'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "debug"',
    );
    await api.delete(`${within(restricted, 'pods')}/joined`, { gracePeriodSeconds: 0 });
  });
});

describe('labels of Pod security', () => {
  it.each([
    ['enforce', 'strict', 'must be one of privileged, baseline, restricted'],
    ['warn', 'none', 'must be one of privileged, baseline, restricted'],
    ['audit', '', 'must be one of privileged, baseline, restricted'],
    ['enforce-version', '1.30', 'must be "latest" or "v1.x"'],
    ['warn-version', 'v1.08', 'must be "latest" or "v1.x"'],
  ])('%s: "%s" is refused', async (mode, value, problem) => {
    const { code, body } = await api.post(
      `${NAMESPACES}?dryRun=All`,
      namespaceOf(api.clusterWide('bad'), { [mode]: value }),
    );
    expect(code).toBe(422);
    const field = `metadata.labels[${LABEL}/${mode}]`;
    expect(body.message).toContain(`${field}: Invalid value: "${value}": ${problem}`);
    expect(body.details.causes.map((cause) => cause.field)).toEqual([field]);
  });

  it('may name a version, whose rules are asked', async () => {
    const old = await namespaceWith('old', { enforce: 'restricted', 'enforce-version': 'v1.21' });
    // That capabilities are dropped is asked since 1.22, that user 0 is none since 1.23.
    const lax = main({}, { capabilities: {}, runAsUser: 0 });
    expect((await tried(old, lax)).code).toBe(201);
    const { body } = await tried(old, main({}, { capabilities: { add: ['NET_ADMIN'] } }));
    expect(body.message).toContain('violates PodSecurity "restricted:v1.21": non-default capabilities');
    await relabel(old, { 'enforce-version': 'v1.99' });
    const refused = await eventually(async () => {
      const answer = await tried(old, lax);
      expect(answer.code).toBe(403);
      return answer;
    });
    expect(refused.body.message).toContain('violates PodSecurity "restricted:v1.99": unrestricted capabilities');
  });

  it('may ask for a warning only', async () => {
    const warned = await namespaceWith('warned', { warn: 'baseline' });
    const { code, headers } = await tried(warned, { hostNetwork: true });
    expect(code).toBe(201);
    expect(headers['warning']).toBe(
      '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"',
    );
  });

  it('that become stricter name the Pods that are there', async () => {
    const stricter = await namespaceWith('stricter', { enforce: 'privileged' });
    for (const name of ['b', 'a', 'c']) await api.create(within(stricter, 'pods'), pod(name, { hostNetwork: true }));
    await api.create(within(stricter, 'pods'), pod('fine'));
    const { code, headers } = await relabel(stricter, { enforce: 'baseline' });
    expect(code).toBe(200);
    expect(headers['warning']).toBe(
      [
        `299 - "existing pods in namespace \\"${stricter}\\" violate the new PodSecurity enforce level \\"baseline:latest\\""`,
        '299 - "a (and 2 other pods): host namespaces"',
      ].join(', '),
    );
    // Who is there stays, and may be changed otherwise.
    expect((await api.merge(`${within(stricter, 'pods')}/a`, { metadata: { labels: { x: 'y' } } })).code).toBe(200);
    const image = { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } };
    const changed = await eventually(async () => {
      const answer = await api.strategic(`${within(stricter, 'pods')}/a?dryRun=All`, image);
      expect(answer.code).toBe(403);
      return answer;
    });
    expect(changed.body.message).toContain('violates PodSecurity "baseline:latest"');
  });
});
