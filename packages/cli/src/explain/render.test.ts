import { describe, expect, it } from 'vitest';
import { referenceOf } from '../observe/objects.js';
import { plainColors } from '../terminal/terminal.js';
import { custom, job, noon, pod, snapshot, workload } from '../testing/objects.js';
import { adviceFor } from './advice.js';
import { explain } from './explain.js';
import { renderChain } from './render.js';
import type { Snapshot } from '../observe/snapshot.js';

function lines(observed: Snapshot): string[] {
  const chain = explain(observed, referenceOf(custom('Keystone', 'keystone')));
  return renderChain(chain, adviceFor(chain, 'openstack'), plainColors, noon);
}

describe('why', () => {
  it('prints the chain, the root cause and what helps', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', {
        ready: false,
        reason: 'JobFailed',
        message: 'Job keystone-db-sync-1a2b3c4d failed',
        on: ['Job/keystone-db-sync-1a2b3c4d'],
        since: 150,
      }),
      job('keystone-db-sync-1a2b3c4d', {
        conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'it failed' }],
      }),
      pod('keystone-db-sync-1a2b3c4d', {
        state: { terminated: { exitCode: 1, reason: 'Error', message: 'Access denied for user keystone' } },
      }),
    );
    expect(lines(observed)).toEqual([
      'Keystone keystone is not ready (2m30s)  JobFailed: Job keystone-db-sync-1a2b3c4d failed',
      '└─ Job keystone-db-sync-1a2b3c4d  BackoffLimitExceeded: it failed',
      '   └─ Pod keystone-db-sync-1a2b3c4d-0  Error: container main exited with 1: Access denied for user keystone   ← root cause',
      '',
      'What helps:  The message has the last lines of its log.',
      'Look at it:  kubectl -n openstack logs keystone-db-sync-1a2b3c4d-0 -c main',
      'Read on:     docs/reference/reasons.md#jobfailed',
    ]);
  });

  it('says how to make a Secret that is missing', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', {
        ready: false,
        reason: 'WaitingForObject',
        message: 'Secret external does not exist',
        on: ['Secret/external'],
      }),
    );
    expect(lines(observed)).toContain(
      'Look at it:  kubectl -n openstack create secret generic external --from-literal=… && kubectl -n openstack label secret external stackwright.dev/usable-by=keystone',
    );
  });

  it.each([
    ['keystone-admin-password', '--from-literal=password=…'],
    ['keystone-fernet-keys', '--from-file=…'],
  ])('says how to put a Secret back that was deleted: %s', (name, from) => {
    const observed = snapshot(
      custom('Keystone', 'keystone', {
        ready: false,
        reason: 'PasswordLost',
        message: `Secret ${name} was deleted`,
        on: [`Secret/${name}`],
      }),
    );
    expect(lines(observed).slice(-3)).toEqual([
      'What helps:  Put the Secret back as the message says. For new ones, set the annotation that it says.',
      `Look at it:  kubectl -n openstack create secret generic ${name} ${from}`,
      'Read on:     docs/reference/reasons.md#passwordlost',
    ]);
  });

  it('says how to see a container that crashes again and again', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', { ready: false, reason: 'ContainerCrashed', on: ['Deployment/keystone'] }),
      workload('Deployment', 'keystone', 0),
      pod('keystone', {
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 22 } },
      }),
    );
    expect(lines(observed)).toContain('Look at it:  kubectl -n openstack logs keystone-0 -c main --previous');
  });

  it('is short when all is well', () => {
    expect(lines(snapshot(custom('Keystone', 'keystone', { ready: true, since: 3600 })))).toEqual([
      'Keystone keystone is ready (60m)',
    ]);
  });
});
