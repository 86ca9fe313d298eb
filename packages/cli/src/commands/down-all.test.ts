import { describe, expect, it } from 'vitest';
import type { HostCluster } from '@stackwright/devcluster';
import { chosenFrom, listed } from './down-all.js';

const none = { containers: [], namespaces: [], folders: [], mounts: [] };
const runs: HostCluster = { ...none, id: '11111111', stateDirectory: '/a/.stackwright', hasState: true, pid: 7 };
const left: HostCluster = {
  id: '22222222',
  stateDirectory: '/b/.stackwright',
  hasState: false,
  containers: ['x', 'y'],
  namespaces: ['n'],
  bridge: 'sw-22222222',
  table: 'stackwright_22222222',
  folders: ['/run/stackwright/22222222'],
  mounts: [],
};

describe('all clusters of a machine', () => {
  it('are listed with what they have', () => {
    expect(listed([runs, left])).toEqual([
      'ID        STATE                   PROCESS  LEFT ON THE MACHINE',
      '11111111  /a/.stackwright         7        nothing',
      '22222222  gone (/b/.stackwright)  none     2 containers, 1 network namespace, bridge sw-22222222, rules stackwright_22222222, 1 temporary folder',
    ]);
    expect(listed([])[0]).toContain('no embedded cluster');
  });

  it('go only where they are named, or where their state is gone and that is confirmed', () => {
    expect(chosenFrom([runs, left], [], false)).toEqual([]);
    expect(chosenFrom([runs, left], [], true)).toEqual([left]);
    expect(chosenFrom([runs, left], ['11111111'], false)).toEqual([runs]);
    expect(chosenFrom([runs, left], ['/b/.stackwright'], true)).toEqual([left]);
    expect(() => chosenFrom([runs, left], ['3'], true)).toThrow('no embedded cluster 3');
  });
});
