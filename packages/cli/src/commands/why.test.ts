import type { KubeObject } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { plainColors } from '../terminal/terminal.js';
import { custom, job, pod, snapshot, workload } from '../testing/objects.js';
import type { CustomResourceObject } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { renderStatus, reportOf } from './status.js';
import { subjectOf, whyLines } from './why.js';

const why = (observed: Snapshot, subject?: string) =>
  whyLines(observed, subjectOf(observed, subject), plainColors).join('\n');
const status = (observed: Snapshot, columns?: number) =>
  renderStatus(reportOf(observed), observed, plainColors, columns);

/** With conditions of its own steps besides. */
function withConditions(object: CustomResourceObject, ...own: { type: string; reason: string; message: string }[]) {
  const conditions = own.map((one) => ({
    ...one,
    status: 'False' as const,
    lastTransitionTime: '2025-06-01T11:59:00Z',
  }));
  return { ...object, status: { ...object.status, conditions: [...(object.status?.conditions ?? []), ...conditions] } };
}

const warning = (kind: string, name: string, reason: string, message: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${reason}`, namespace: 'openstack' },
    type: 'Warning',
    reason,
    message,
    involvedObject: { kind, name },
    lastTimestamp: '2025-06-01T11:59:00Z',
  }) as KubeObject;

describe('a service that serves while what is wanted next is wrong', () => {
  const wrong = custom('Keystone', 'keystone', { ready: false, reason: 'InvalidConfig', message: 'no such option' });
  const available = (status: 'True' | 'False') => ({
    ...wrong,
    status: {
      ...wrong.status,
      conditions: [
        ...(wrong.status?.conditions ?? []),
        { type: 'Available', status, reason: 'Available', message: '', lastTransitionTime: '2025-06-01T11:00:00Z' },
      ],
    },
  });

  it('is told from one that is down', () => {
    expect(status(snapshot(available('True')))).toContainEqual(
      '  ✗  keystone  60s  serves; InvalidConfig: no such option',
    );
    expect(status(snapshot(available('False')))).toContainEqual('  ✗  keystone  60s  InvalidConfig: no such option');
  });

  it('is not where its controller does not run: nobody knows', () => {
    const controller = workload('Deployment', 'keystone-controller', 0, {
      'stackwright.dev/reconciles': 'Keystone.keystone.stackwright.dev',
    });
    expect(status(snapshot(available('True'), controller)).join('\n')).not.toContain('serves');
  });
});

describe('a change that is refused', () => {
  const message = 'spec.services.glance.replica: no such field; did you mean replicas?';
  const plane = withConditions(
    custom('ControlPlane', 'openstack', {
      ready: false,
      reason: 'Rejected',
      message,
      spec: { services: { glance: {} } },
    }),
    { type: 'GlanceReady', reason: 'Rejected', message },
  );
  const observed = snapshot(plane, { ...custom('Keystone', 'glance', { ready: true }), kind: 'Glance' });

  it('is named by status in the row of the service, which runs as before', () => {
    expect(status(observed).slice(0, 2)).toEqual([
      'ControlPlane openstack/openstack    not ready (Rejected)',
      `  ✗  glance    runs as it was told last; the control plane's change is refused: Rejected: ${message}`,
    ]);
  });

  it('is named by why of the service, with where it is to be edited', () => {
    const said = why(observed, 'glance');
    expect(said).toMatch(/^Glance glance is ready/);
    expect(said).toContain('The change that ControlPlane openstack asks for is refused; it runs as it was told last.');
    expect(said).toContain(`Rejected: ${message}   ← root cause`);
    expect(said).toContain('kubectl -n openstack edit controlplane openstack');
  });

  it('is none where the service was dropped: what is to be said is asked', () => {
    const dropped = 'Glance glance is no longer named, and runs on as it is. Name it again';
    const of = withConditions(
      custom('ControlPlane', 'openstack', { ready: false, reason: 'ServiceDropped', message: dropped }),
      { type: 'GlanceReady', reason: 'ServiceDropped', message: dropped },
    );
    const there = snapshot(of, { ...custom('Keystone', 'glance', { ready: true }), kind: 'Glance' });
    expect(status(there)[1]).toBe(`  ✗  glance    runs as it was told last; ServiceDropped: ${dropped}`);
    expect(why(there, 'glance')).toContain('names it no more, and has to say what shall become of it');
  });

  it('is named where no service has anything to do with it', () => {
    const unknown = 'spec.services.galnce: this cluster has no service "galnce"; did you mean glance?';
    const of = custom('ControlPlane', 'openstack', { ready: false, reason: 'UnknownService', message: unknown });
    const said = status(
      snapshot(withConditions(of, { type: 'ServicesReady', reason: 'UnknownService', message: unknown })),
    );
    expect(said).toContain(`  UnknownService: ${unknown}`);
  });

  it('is what the service itself says, where the control plane only repeats it', () => {
    const of = withConditions(custom('ControlPlane', 'openstack', { ready: false, reason: 'JobFailed' }), {
      type: 'KeystoneReady',
      reason: 'JobFailed',
      message: 'Keystone keystone: Job x failed',
    });
    expect(why(snapshot(of, custom('Keystone', 'keystone', { ready: true })), 'keystone')).toBe(
      'Keystone keystone is ready (60s)',
    );
  });
});

describe('Pods that are refused', () => {
  const set = (status: object): KubeObject => ({
    ...workload('StatefulSet', 'mariadb', 0),
    ...{ status: { observedGeneration: 1, ...status } },
  });
  const waits = custom('MariaDB', 'mariadb', {
    ready: false,
    reason: 'RolloutInProgress',
    on: ['StatefulSet/mariadb'],
  });
  const refusal = 'create Pod mariadb-0 in StatefulSet mariadb failed: pods "mariadb-0" is forbidden: exceeded quota';

  it('by a quota, of a StatefulSet: the event says it, and it is the root', () => {
    const said = why(snapshot(waits, set({}), warning('StatefulSet', 'mariadb', 'FailedCreate', refusal)), 'mariadb');
    expect(said).toContain(`StatefulSet mariadb (60s)  FailedCreate: ${refusal}   ← root cause`);
    expect(said).toContain('What helps:  A policy, a quota or Pod security refuses the Pod');
  });

  it('of a Job', () => {
    const of = custom('Keystone', 'keystone', { ready: false, reason: 'JobRunning', on: ['Job/sync'] });
    const said = why(snapshot(of, job('sync', {}), warning('Job', 'sync', 'FailedCreate', refusal)), 'keystone');
    expect(said).toContain(`Job sync (60s)  FailedCreate: ${refusal}   ← root cause`);
  });

  it('in the past: the Pods are there now', () => {
    const there = set({ replicas: 1, updatedReplicas: 1 });
    const said = why(snapshot(waits, there, warning('StatefulSet', 'mariadb', 'FailedCreate', refusal)), 'mariadb');
    expect(said).not.toContain('FailedCreate');
  });

  it('or kept back by a paused rollout', () => {
    const paused = {
      ...workload('Deployment', 'keystone', 1),
      ...{ spec: { replicas: 1, paused: true, selector: { matchLabels: { app: 'keystone' } } } },
      ...{ status: { observedGeneration: 1, replicas: 1, updatedReplicas: 0, readyReplicas: 1 } },
    } as KubeObject;
    const of = custom('Keystone', 'keystone', {
      ready: false,
      reason: 'RolloutInProgress',
      on: ['Deployment/keystone'],
    });
    const said = why(snapshot(of, paused), 'keystone');
    expect(said).toContain('RolloutPaused: its rollout is paused');
    expect(said).toContain('kubectl -n openstack rollout resume deployment keystone');
  });

  it('or by a volume that cannot be mounted', () => {
    const of = custom('Keystone', 'keystone', {
      ready: false,
      reason: 'RolloutInProgress',
      on: ['Deployment/keystone'],
    });
    const creating = {
      ...pod('keystone', { state: { waiting: { reason: 'ContainerCreating' } } }, { phase: 'Pending' }),
      ...{ spec: { nodeName: 'node', containers: [] } },
    } as KubeObject;
    const mount = warning('Pod', 'keystone-0', 'FailedMount', 'MountVolume.SetUp failed: secret "x" not found');
    const said = why(snapshot(of, workload('Deployment', 'keystone', 0), creating, mount), 'keystone');
    expect(said).toContain('FailedMount: MountVolume.SetUp failed: secret "x" not found   ← root cause');
  });
});

describe('why', () => {
  const claim = custom('DatabaseClaim', 'keystone-database', {
    ready: false,
    reason: 'WaitingForProvider',
    on: ['MariaDB/mariadb'],
  });
  const mariadb = custom('MariaDB', 'mariadb', {
    ready: false,
    reason: 'RolloutInProgress',
    on: ['StatefulSet/mariadb'],
  });
  const crashed = pod('mariadb', { state: { terminated: { exitCode: 1, message: 'disk is full' } } });
  const keystone = custom('Keystone', 'keystone', {
    ready: false,
    reason: 'WaitingForClaim',
    on: ['DatabaseClaim/keystone-database', 'CacheClaim/keystone-cache'],
  });
  const cache = custom('CacheClaim', 'keystone-cache', {
    ready: false,
    reason: 'SecretNotOffered',
    message: 'Secret x is not offered',
  });
  const observed = snapshot(keystone, claim, cache, mariadb, workload('StatefulSet', 'mariadb', 0), crashed);

  it('names every cause that has nothing to do with the others, each with its advice', () => {
    const said = why(observed, 'keystone');
    expect(said.match(/← root cause/g)).toHaveLength(2);
    expect(said).toContain('disk is full');
    expect(said).toContain('And, for a reason of its own:\n└─ CacheClaim keystone-cache (60s)  SecretNotOffered');
  });

  it('is asked about claims and workloads, too, and knows what was meant', () => {
    expect(why(observed, 'keystone-database')).toMatch(/^DatabaseClaim keystone-database is not ready/);
    expect(why(observed, 'DatabaseClaim/keystone-database')).toMatch(/^DatabaseClaim keystone-database is not ready/);
    expect(why(observed, 'statefulset/mariadb')).toMatch(/^StatefulSet mariadb is not ready/);
    expect(() => subjectOf(observed, 'keystnoe')).toThrow(
      expect.objectContaining({ hints: expect.arrayContaining(['Did you mean keystone?']) as unknown }) as Error,
    );
  });

  it('says how a certificate is made that is missing, and offered', () => {
    const of = custom('Keystone', 'keystone', {
      ready: false,
      reason: 'WaitingForObject',
      message: 'Secret cert (spec.tls.secretRef) does not exist',
      on: ['Secret/cert'],
    });
    expect(why(snapshot(of), 'keystone')).toContain(
      'kubectl -n openstack create secret tls cert --cert=… --key=… && kubectl -n openstack label secret cert stackwright.dev/usable-by=keystone',
    );
  });

  it('says where a spec is to be edited: in the ControlPlane, where that writes it', () => {
    const wrong = custom('Keystone', 'keystone', { ready: false, reason: 'InvalidConfig', message: 'spec.config: no' });
    expect(why(snapshot(wrong), 'keystone')).toContain(
      'Edit it:     kubectl -n openstack edit keystone.keystone.stackwright.dev keystone',
    );
    const owner = {
      apiVersion: 'stackwright.dev/v1alpha1',
      kind: 'ControlPlane',
      name: 'cloud',
      uid: 'u',
      controller: true,
    };
    const owned = { ...wrong, metadata: { ...wrong.metadata, ownerReferences: [owner] } };
    expect(why(snapshot(owned), 'keystone')).toContain('Edit it:     kubectl -n openstack edit controlplane cloud');
  });

  it('says so also where a Pod of ours found out what is wrong in it', () => {
    const wrong = custom('Keystone', 'keystone', {
      ready: false,
      reason: 'InvalidConfig',
      message: 'spec.config: no such option',
      on: ['Job/keystone-config-check-1a'],
    });
    const failed = job('keystone-config-check-1a', {
      failed: 1,
      conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'it has failed' }],
    });
    const checked = pod('keystone-config-check-1a', {
      state: { terminated: { exitCode: 3, message: 'no such option' } },
    });
    const said = why(snapshot(wrong, failed, checked), 'keystone');
    expect(said).toMatch(/Pod keystone-config-check-1a-0.*root cause/);
    expect(said).toContain('Edit it:     kubectl -n openstack edit keystone.keystone.stackwright.dev keystone');
  });

  it('has a remedy for what Kubernetes says', () => {
    const of = custom('Keystone', 'keystone', { ready: false, reason: 'Unschedulable', on: ['Deployment/keystone'] });
    const unschedulable = pod(
      'keystone',
      {},
      {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
        ],
      },
    );
    expect(why(snapshot(of, workload('Deployment', 'keystone', 0), unschedulable), 'keystone')).toContain(
      'What helps:  The message counts the nodes by what each lacks',
    );
  });
});

describe('status', () => {
  const long = `container main exited with 1: ${'a word or two '.repeat(20)}the end`;
  const mariadb = custom('MariaDB', 'mariadb', { ready: false, reason: 'JobFailed', message: long, created: 100 });
  const waiting = (name: string) =>
    custom('Keystone', name, { ready: false, reason: 'WaitingForClaim', on: ['MariaDB/mariadb'], created: 90 });

  it('cuts nothing, and wraps where there is a terminal', () => {
    expect(status(snapshot(mariadb)).join('\n')).toContain('the end');
    const wrapped = status(snapshot(mariadb), 80);
    expect(wrapped.every((line) => line.length <= 80)).toBe(true);
    expect(wrapped.join(' ').replace(/\s+/g, ' ')).toContain(long.replace(/\s+/g, ' '));
  });

  it('says a cause once, and of those that wait for it that they do', () => {
    const said = status(snapshot(mariadb, waiting('keystone'), waiting('placement')));
    expect(said.join('\n').match(/exited with 1/g)).toHaveLength(1);
    expect(said).toContain('  ✗  placement  60s  WaitingForClaim: waits for mariadb');
  });

  it('of nothing says so', () => {
    expect(status(snapshot())).toEqual(['Nothing of Stackwright is in namespace openstack.']);
  });
});
