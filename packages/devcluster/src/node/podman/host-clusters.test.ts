import { describe, expect, it } from 'vitest';
import { clustersOf, shortId, type HostTraces } from './host-clusters.js';

const nothing: HostTraces = {
  notes: [],
  containers: [],
  namespaces: [],
  bridges: [],
  perimeters: [],
  runFolders: [],
  abandoned: [],
  processes: [],
  mounts: [],
  states: {},
};
const id = shortId('aaaa');
const ofA = {
  ...nothing,
  containers: [{ id: 'c1', clusterId: 'aaaa', logPath: '/clone/.stackwright/podman/logs/ns_pod/main/0.log' }],
  namespaces: [`stackwright-${id}-uid`, 'somebody-else'],
  bridges: [{ name: `sw-${id}`, address: '10.203.0.1' }, { name: 'sw-not-ours' }],
  mounts: ['/clone/.stackwright/node/pods/x', '/clone/.stackwright-b/node/y', '/'],
};

describe('clusters of a host', () => {
  it('are found by what they have, all of it together, and nothing of others', () => {
    expect(clustersOf({ ...ofA, states: { '/clone/.stackwright': 'aaaa' } })).toEqual([
      {
        id,
        clusterId: 'aaaa',
        stateDirectory: '/clone/.stackwright',
        hasState: true,
        containers: ['c1'],
        namespaces: [`stackwright-${id}-uid`],
        bridge: `sw-${id}`,
        route: '10.203.128.0/17',
        folders: [],
        mounts: ['/clone/.stackwright/node/pods/x'],
      },
    ]);
  });

  it('are left over where their state is gone, or is that of another one', () => {
    expect(clustersOf(ofA)).toMatchObject([{ id, hasState: false }]);
    expect(clustersOf({ ...ofA, states: { '/clone/.stackwright': 'bbbb' } })).toMatchObject([{ id, hasState: false }]);
  });

  it('are found without containers by a note, and without a note by their network', () => {
    const noted = { ...nothing, notes: [{ clusterId: 'aaaa', stateDirectory: '/gone' }] };
    expect(clustersOf(noted)).toMatchObject([{ id, clusterId: 'aaaa', stateDirectory: '/gone', hasState: false }]);
    expect(clustersOf({ ...nothing, namespaces: ofA.namespaces })).toMatchObject([{ id, hasState: false }]);
    expect(clustersOf({ ...nothing, bridges: ofA.bridges })).toMatchObject([{ id, route: '10.203.128.0/17' }]);
  });

  it('are found by the rules that keep neighbours out, and by a temporary folder, with the route of their Services', () => {
    expect(clustersOf({ ...nothing, perimeters: [{ id, services: '10.204.128.0/17' }] })).toMatchObject([
      { id, hasState: false, table: `stackwright_${id}`, route: '10.204.128.0/17' },
    ]);
    const notes = [{ clusterId: 'aaaa', stateDirectory: '/gone', services: '10.205.128.0/17' }];
    expect(clustersOf({ ...nothing, notes })).toMatchObject([{ id, route: '10.205.128.0/17' }]);
    expect(clustersOf({ ...nothing, runFolders: [id] })).toMatchObject([
      { id, hasState: false, folders: [`/run/stackwright/${id}`] },
    ]);
    expect(clustersOf({ ...nothing, abandoned: ['/tmp/devcluster-x'] })).toMatchObject([
      { hasState: false, folders: ['/tmp/devcluster-x'] },
    ]);
  });

  it('run where their process does, with containers or without', () => {
    const processes = [{ pid: 7, stateDirectory: '/clone/.stackwright' }];
    expect(clustersOf({ ...ofA, processes })).toMatchObject([{ id, pid: 7 }]);
    const states = { '/clone/.stackwright': 'aaaa' };
    expect(clustersOf({ ...nothing, processes, states })).toMatchObject([{ id, pid: 7, hasState: true }]);
  });

  it('are none where nothing is', () => {
    expect(clustersOf(nothing)).toEqual([]);
  });
});
