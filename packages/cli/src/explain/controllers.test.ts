import type { KubeObject } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { renderStatus, reportOf } from '../commands/status.js';
import { subjectOf, whyLines } from '../commands/why.js';
import { plainColors } from '../terminal/terminal.js';
import { ago, custom, noon, snapshot, workload } from '../testing/objects.js';
import type { Snapshot } from '../observe/snapshot.js';

const reconciles = (kind: string) => ({ 'stackwright.dev/reconciles': kind });
const ofKeystone = reconciles('Keystone.keystone.stackwright.dev');
const ofPlane = reconciles('ControlPlane.stackwright.dev');
const keystone = custom('Keystone', 'keystone', { ready: true, endpoint: 'http://keystone:5000' });
const plane = custom('ControlPlane', 'openstack', { ready: true, spec: { services: { keystone: {} } } });

const lease = (name: string, renewed: number, holderIdentity = 'pod'): KubeObject =>
  ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'openstack' },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: ago(renewed) },
  }) as KubeObject;

function scaled(deployment: KubeObject, replicas: number): KubeObject {
  return { ...deployment, ...{ spec: { ...(deployment as { spec?: object }).spec, replicas } } };
}

const status = (observed: Snapshot) => renderStatus(reportOf(observed), observed, plainColors, undefined);
const why = (observed: Snapshot, subject?: string) => whyLines(observed, subjectOf(observed, subject), plainColors);

describe('what was ready when its controller last looked', () => {
  const gone = snapshot(
    plane,
    keystone,
    scaled(workload('Deployment', 'coordinator-controller', 0, ofPlane), 0),
    scaled(workload('Deployment', 'keystone-controller', 0, ofKeystone), 0),
    lease('coordinator-controller', 300),
    lease('keystone-controller', 300),
  );

  it('is unknown since then, and zero replicas are not running', () => {
    expect(status(gone)).toEqual([
      'ControlPlane openstack/openstack    unknown',
      '  was ready when it was last looked at; coordinator-controller does not run (0 replicas)',
      '  ✗  controllers      0/2 running, but not coordinator, keystone; ScaledToZero: is scaled to zero: none of its Pods runs',
      '  ?  keystone     5m  was ready when it was last looked at; keystone-controller does not run (0 replicas)',
      '',
      'More: stackwright why <service>',
    ]);
    expect(reportOf(gone)).toMatchObject({ ready: false, controlPlane: { ready: false, state: 'Unknown' } });
  });

  it.each([
    ['nobody has looked at it yet', { ...plane, status: {} }, 'not ready (not reconciled yet)'],
    [
      'it was not',
      custom('ControlPlane', 'openstack', { ready: false, reason: 'WaitingForService', spec: {} }),
      'not ready (WaitingForService)',
    ],
  ])('is not said of a control plane where %s', (_what, young, state) => {
    const observed = snapshot(young, workload('Deployment', 'coordinator-controller', 0, ofPlane));
    expect(status(observed).slice(0, 2)).toEqual([
      `ControlPlane openstack/openstack    ${state}`,
      '  ·  controllers    0/1 running',
    ]);
  });

  it('has the controller for its cause', () => {
    expect(why(gone, 'keystone')).toEqual([
      'Keystone keystone is unknown (5m): it was ready when it was last looked at; keystone-controller does not run (0 replicas)',
      '└─ Deployment keystone-controller  ScaledToZero: is scaled to zero: none of its Pods runs   ← root cause',
      '',
      'What helps:  Scale it up again: kubectl scale --replicas=1.',
      'Look at it:  kubectl -n openstack scale deployment keystone-controller --replicas=1',
    ]);
  });

  it.each([
    ['its Pod runs', [workload('Deployment', 'keystone-controller', 1, ofKeystone)], true],
    [
      'its Pod runs and holds the Lease',
      [workload('Deployment', 'keystone-controller', 1, ofKeystone), lease('keystone-controller', 5)],
      true,
    ],
    [
      'its Pod is replaced, and the Lease is fresh',
      [workload('Deployment', 'keystone-controller', 0, ofKeystone), lease('keystone-controller', 5)],
      true,
    ],
    ['it runs elsewhere', [], true],
    [
      'its Pod does not run',
      [workload('Deployment', 'keystone-controller', 0, ofKeystone), lease('keystone-controller', 90)],
      false,
    ],
    [
      'its Lease was given back',
      [workload('Deployment', 'keystone-controller', 0, ofKeystone), lease('keystone-controller', 5, '')],
      false,
    ],
    [
      'its Pod runs, and does nothing',
      [workload('Deployment', 'keystone-controller', 1, ofKeystone), lease('keystone-controller', 600)],
      false,
    ],
  ])('where %s', (_what, others, isReady) => {
    const row = reportOf(snapshot(keystone, ...others)).services.find(({ name }) => name === 'keystone');
    expect(row?.state).toBe(isReady ? 'Ready' : 'Unknown');
  });

  it('is told with the time at which it was seen last', () => {
    const { services } = reportOf(gone);
    expect(services.find(({ name }) => name === 'keystone')).toMatchObject({ since: ago(300) });
    expect(Date.parse(ago(300))).toBe(noon - 300_000);
  });
});
