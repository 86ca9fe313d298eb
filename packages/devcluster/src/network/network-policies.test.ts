import type { NetworkPolicy } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { ingressRules } from '../node/podman/ingress-rules.js';
import type { Stored } from '../shared/objects.js';
import { letsIn, waysInto, type NetworkedPod } from './network-policies.js';

const pod = (name: string, ip: string, labels: Record<string, string> = {}, namespace = 'ns'): NetworkedPod => ({
  ...{ uid: name, namespace, labels: { app: name, ...labels }, ip },
  ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
});

const server = pod('server', '10.1.0.2');
const client = pod('client', '10.1.0.3', { tier: 'api' });
const stranger = pod('stranger', '10.1.0.4');
const far = pod('client', '10.1.0.5', { tier: 'api' }, 'far');
const pods = [server, client, stranger, far, { ...pod('client', ''), ip: undefined }];
const namespaces = new Map([
  ['ns', { team: 'a' }],
  ['far', { team: 'b' }],
]);

type Spec = NonNullable<NetworkPolicy['spec']>;
const policy = (spec: Partial<Spec>, namespace = 'ns') =>
  ({
    metadata: { name: 'p', namespace },
    spec: { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'], ...spec },
  }) as unknown as Stored<NetworkPolicy>;
const ways = (...policies: Stored<NetworkPolicy>[]) => waysInto(server, policies, pods, namespaces);
const inFrom = (spec: Partial<Spec>, { ip = '' }: NetworkedPod, port = 8080) => letsIn(ways(policy(spec)), ip, port);

describe('who comes in', () => {
  it('is everybody where no policy is about the Pod', () => {
    for (const policies of [
      [],
      [policy({ podSelector: { matchLabels: { app: 'other' } } })],
      [policy({}, 'far')],
      [policy({ policyTypes: ['Egress'] })],
    ])
      expect(letsIn(ways(...policies), '10.1.0.4', 1)).toBe(true);
  });

  it('is nobody where no rule says so', () => {
    expect(inFrom({}, client)).toBe(false);
    expect(inFrom({ podSelector: {} }, client)).toBe(false);
  });

  const api = { podSelector: { matchLabels: { tier: 'api' } } };
  it.each<[string, Spec['ingress'] & object, NetworkedPod, number, boolean]>([
    ['everybody by an empty rule', [{}], stranger, 1, true],
    ['Pods of the namespace by labels', [{ from: [api] }], client, 1, true],
    ['others of it', [{ from: [api] }], stranger, 1, false],
    ['those labels elsewhere', [{ from: [api] }], far, 1, false],
    ['all of the namespace', [{ from: [{ podSelector: {} }] }], stranger, 1, true],
    ['all of all namespaces', [{ from: [{ namespaceSelector: {} }] }], far, 1, true],
    ['a namespace by labels', [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }], far, 1, true],
    ['another namespace', [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }], client, 1, false],
    ['both, which both must fit', [{ from: [{ namespaceSelector: {}, ...api }] }], stranger, 1, false],
    ['a block', [{ from: [{ ipBlock: { cidr: '10.1.0.0/16' } }] }], stranger, 1, true],
    [
      'a hole in a block',
      [{ from: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['10.1.0.4/32'] } }] }],
      stranger,
      1,
      false,
    ],
    [
      'nobody, where nobody fits, and not everybody',
      [{ from: [{ podSelector: { matchLabels: { no: 'one' } } }] }],
      stranger,
      1,
      false,
    ],
    ['a port', [{ ports: [{ port: 80 }] }], stranger, 80, true],
    ['another port', [{ ports: [{ port: 80 }] }], stranger, 81, false],
    ['a range of ports', [{ ports: [{ port: 80, endPort: 90 }] }], stranger, 90, true],
    ['a port by name', [{ ports: [{ port: 'web' }] }], stranger, 8080, true],
    ['a name that is nobody’s, and not every port', [{ ports: [{ port: 'no' }] }], stranger, 8080, false],
    ['a port of another protocol', [{ ports: [{ port: 80, protocol: 'UDP' }] }], stranger, 80, false],
    ['any port of a protocol', [{ ports: [{ protocol: 'TCP' }] }], stranger, 80, true],
  ])('or not: %s', (_, ingress, from, port, isIn) => {
    expect(inFrom({ ingress }, from, port)).toBe(isIn);
  });

  it('adds up over policies', () => {
    const all = ways(policy({}), policy({ ingress: [{ from: [api], ports: [{ port: 1 }] }] }));
    expect([letsIn(all, '10.1.0.3', 1), letsIn(all, '10.1.0.3', 2), letsIn(all, '10.1.0.4', 1)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('rules', () => {
  it('are none where everybody comes in', () => {
    expect(ingressRules(undefined, '10.1.0.1')).toBe('table inet stackwright\ndelete table inet stackwright\n');
  });

  it('let in the node, answers and who may come in, and refuse the rest', () => {
    const ingress = [
      {
        from: [{ podSelector: { matchLabels: { app: 'client' } } }],
        ports: [
          { port: 80, endPort: 90 },
          { port: 53, protocol: 'UDP' },
        ],
      },
      {
        from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.1/32'] } }, { ipBlock: { cidr: '2001:db8::/32' } }],
      },
    ];
    expect(
      ingressRules(ways(policy({ ingress })), '10.1.0.1')
        .split('\n')
        .map((line) => line.trim())
        .slice(4, -3),
    ).toEqual([
      'type filter hook input priority 0; policy drop;',
      'iif lo accept',
      'ct state established,related accept',
      'ip saddr 10.1.0.1 accept',
      'meta l4proto { icmp, ipv6-icmp } accept',
      'ip saddr 10.1.0.3/32 tcp dport 80-90 accept',
      'ip saddr 10.1.0.3/32 udp dport 53 accept',
      'ip saddr 192.0.2.0/24 ip saddr != { 192.0.2.1/32 } accept',
      'meta l4proto tcp reject with tcp reset',
    ]);
  });
});
