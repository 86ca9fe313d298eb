import { describe, expect, it } from 'vitest';
import { plainColors } from '../terminal/terminal.js';
import { custom, job, noon, pod, snapshot, workload } from '../testing/objects.js';
import { allReady, progressOf } from './progress.js';
import { renderBlock, Transitions } from './render.js';

const controlPlane = custom('ControlPlane', 'openstack', {
  ready: false,
  spec: { infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } }, services: { keystone: {} } },
});
const controller = (name: string, ready: number) =>
  workload('Deployment', name, ready, { 'stackwright.dev/reconciles': name });

const starting = snapshot(controlPlane, controller('coordinator-controller', 1), controller('mariadb-controller', 0));
const underway = snapshot(
  controlPlane,
  controller('coordinator-controller', 1),
  controller('mariadb-controller', 1),
  custom('MariaDB', 'mariadb', { ready: true, since: 31, created: 100 }),
  custom('Memcached', 'memcached', {
    ready: false,
    reason: 'ImagePullFailed',
    on: ['Deployment/memcached'],
    since: 12,
    created: 99,
  }),
  workload('Deployment', 'memcached', 0),
  pod('memcached', {
    state: { waiting: { reason: 'ErrImageNeverPull', message: 'image "memcached:9" is not there' } },
  }),
  custom('Keystone', 'keystone', {
    ready: false,
    reason: 'JobRunning',
    on: ['Job/keystone-db-sync-1a2b3c4d'],
    since: 7,
    created: 98,
  }),
  job('keystone-db-sync-1a2b3c4d'),
);
const finished = snapshot(
  controlPlane,
  custom('MariaDB', 'mariadb', { ready: true, created: 100 }),
  custom('Memcached', 'memcached', { ready: true, created: 99 }),
  custom('Keystone', 'keystone', { ready: true, endpoint: 'http://keystone.openstack.svc:5000/v3', created: 98 }),
);

const block = (rows: ReturnType<typeof progressOf>, columns = 120) =>
  renderBlock('Control plane openstack', rows, { colors: plainColors, columns, now: noon });

describe('the block on a terminal', () => {
  it('shows controllers and services that are not there yet', () => {
    expect(block(progressOf(starting))).toEqual([
      'Control plane openstack',
      '  ·  controllers    1/2 running',
      '  ·  mariadb        not created yet',
      '  ·  memcached      not created yet',
      '  ·  keystone       not created yet',
    ]);
  });

  it('says what is wrong with a service that is Ready all the same', () => {
    const message = 'TrustFlush: Job keystone-trust-flush-1 failed';
    const keystone = custom('Keystone', 'keystone', { ready: true, endpoint: 'http://keystone:5000', message });
    const [row] = progressOf(snapshot(keystone));
    expect(row).toMatchObject({ state: 'Ready', text: `http://keystone:5000, but ${message}` });
  });

  it('says of each service what it waits for, by the root cause', () => {
    expect(block(progressOf(underway))).toEqual([
      'Control plane openstack',
      '  ✓  controllers       2/2 running',
      '  ✓  mariadb',
      '  ✗  memcached    12s  ImagePullFailed: container main: image "memcached:9" is not there (Pod memcached-0)',
      '  ·  keystone     7s   JobRunning: is running (Job keystone-db-sync-1a2b3c4d)',
    ]);
  });

  it('never wraps a line', () => {
    for (const line of block(progressOf(underway), 60)) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('ends when all is ready', () => {
    expect(allReady(progressOf(underway))).toBe(false);
    expect(allReady(progressOf(finished))).toBe(true);
  });
});

describe('lines elsewhere', () => {
  it('are printed for what changed, and only then', () => {
    const transitions = new Transitions();
    const at = new Date(2025, 5, 1, 12, 0, 7);
    expect(transitions.next(progressOf(underway), at)).toEqual([
      '12:00:07 controllers: Ready 2/2 running',
      '12:00:07 mariadb: Ready',
      '12:00:07 memcached: ImagePullFailed: container main: image "memcached:9" is not there (Pod memcached-0)',
      '12:00:07 keystone: JobRunning: is running (Job keystone-db-sync-1a2b3c4d)',
    ]);
    expect(transitions.next(progressOf(underway), at)).toEqual([]);
    expect(transitions.next(progressOf(finished), at)).toEqual([
      '12:00:07 memcached: Ready',
      '12:00:07 keystone: Ready http://keystone.openstack.svc:5000/v3',
    ]);
  });
});
