import { describe, expect, it } from 'vitest';
import { custom, job, pod, snapshot, workload } from '../testing/objects.js';
import { referenceOf } from '../observe/objects.js';
import { explain } from './explain.js';
import type { Snapshot } from '../observe/snapshot.js';

/** The chain as "Kind/name State Reason". */
function chain(observed: Snapshot, start = 'Keystone/keystone'): string[] {
  const [kind = '', name = ''] = start.split('/');
  return explain(observed, referenceOf(custom(kind, name))).map(
    ({ object, state, reason }) => `${object.kind}/${object.name} ${state} ${reason}`,
  );
}

describe('explain', () => {
  it('says that what is ready is ready', () => {
    expect(chain(snapshot(custom('Keystone', 'keystone', { ready: true })))).toEqual(['Keystone/keystone Ready Ready']);
  });

  it('follows a claim to its provider, the workload and the container that cannot start', () => {
    const observed = snapshot(
      custom('ControlPlane', 'openstack', {
        ready: false,
        reason: 'WaitingForClaim',
        on: ['Keystone/keystone', 'MariaDB/mariadb'],
      }),
      custom('Keystone', 'keystone', {
        ready: false,
        reason: 'WaitingForClaim',
        on: ['DatabaseClaim/keystone-database'],
      }),
      custom('DatabaseClaim', 'keystone-database', {
        ready: false,
        reason: 'WaitingForProvider',
        on: ['MariaDB/mariadb'],
      }),
      custom('MariaDB', 'mariadb', { ready: false, reason: 'RolloutInProgress', on: ['StatefulSet/mariadb'] }),
      workload('StatefulSet', 'mariadb', 0),
      pod('mariadb', { state: { waiting: { reason: 'ErrImageNeverPull', message: 'image "nope" is not there' } } }),
    );
    const root = 'Pod/mariadb-0 Failed ErrImageNeverPull';
    expect(chain(observed)).toEqual([
      'Keystone/keystone Waiting WaitingForClaim',
      'DatabaseClaim/keystone-database Waiting WaitingForProvider',
      'MariaDB/mariadb Waiting RolloutInProgress',
      'StatefulSet/mariadb Waiting PodsNotReady',
      root,
    ]);
    expect(chain(observed, 'ControlPlane/openstack').at(-1)).toBe(root);
  });

  it('prefers what failed to what only waits', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', {
        ready: false,
        reason: 'WaitingForClaim',
        on: ['CacheClaim/keystone-cache', 'Secret/external'],
      }),
      custom('CacheClaim', 'keystone-cache', { ready: false, reason: 'WaitingForProvider', on: [] }),
    );
    expect(chain(observed).at(-1)).toBe('Secret/external Missing NotFound');
  });

  it('quotes the last words of a failed Job, without the password in them', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', { ready: false, reason: 'JobFailed', on: ['Job/keystone-db-sync'] }),
      job('keystone-db-sync', {
        failed: 1,
        conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }],
      }),
      pod('keystone-db-sync', {
        state: {
          terminated: {
            exitCode: 1,
            reason: 'Error',
            message: 'Traceback\ncannot reach mysql+pymysql://keystone:s3cret@mariadb/keystone\n',
          },
        },
      }),
    );
    expect(explain(observed, referenceOf(custom('Keystone', 'keystone'))).at(-1)).toMatchObject({
      state: 'Failed',
      message: 'container main exited with 1: cannot reach mysql+pymysql://***@mariadb/keystone',
      container: 'main',
    });
  });

  it('finds the last words behind the prefixes of oslo.log', () => {
    const line = (text: string) => `2025-06-01 12:00:00.123 7 ERROR keystone ${text}`;
    const message = [
      line('Traceback (most recent call last):'),
      line('ValueError: max_pool_size is not valid: many'),
      line(''),
      '',
    ].join('\n');
    const observed = snapshot(
      job('keystone-db-sync', { conditions: [{ type: 'Failed', status: 'True' }] }),
      pod('keystone-db-sync', { state: { terminated: { exitCode: 1, message } } }),
    );
    expect(explain(observed, referenceOf(job('keystone-db-sync'))).at(-1)?.message).toBe(
      'container main exited with 1: ValueError: max_pool_size is not valid: many',
    );
  });

  it('looks into the run before when a container crashes again and again', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', { ready: false, reason: 'ContainerCrashed', on: ['Deployment/keystone'] }),
      workload('Deployment', 'keystone', 0),
      pod('keystone', {
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
        lastState: { terminated: { exitCode: 22, message: 'no app loaded' } },
      }),
    );
    expect(explain(observed, referenceOf(custom('Keystone', 'keystone'))).at(-1)).toMatchObject({
      reason: 'CrashLoopBackOff',
      message: 'container main exited with 22: no app loaded',
      restarted: true,
    });
  });

  it('blames the controller when nobody looked at the object', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone'),
      workload('Deployment', 'keystone-controller', 0, {
        'stackwright.dev/reconciles': 'Keystone.keystone.stackwright.dev',
      }),
    );
    expect(chain(observed)).toEqual([
      'Keystone/keystone Waiting NotReconciled',
      'Deployment/keystone-controller Waiting PodsNotReady',
    ]);
  });

  it('blames the controller when all that was waited for is there', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', { ready: false, reason: 'WaitingForClaim', on: ['CacheClaim/keystone-cache'] }),
      custom('CacheClaim', 'keystone-cache', { ready: true }),
      workload('Deployment', 'keystone-controller', 0, {
        'stackwright.dev/reconciles': 'Keystone.keystone.stackwright.dev',
      }),
    );
    expect(chain(observed).at(-1)).toBe('Deployment/keystone-controller Waiting PodsNotReady');
  });

  it('ends when two objects wait for each other', () => {
    const observed = snapshot(
      custom('Keystone', 'keystone', { ready: false, reason: 'WaitingForService', on: ['MariaDB/mariadb'] }),
      custom('MariaDB', 'mariadb', { ready: false, reason: 'WaitingForService', on: ['Keystone/keystone'] }),
    );
    expect(chain(observed)).toEqual([
      'Keystone/keystone Waiting WaitingForService',
      'MariaDB/mariadb Waiting WaitingForService',
    ]);
  });

  it('names what does not exist', () => {
    expect(chain(snapshot())).toEqual(['Keystone/keystone Missing NotFound']);
  });
});
