import { createSocket, Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { encode } from 'dns-packet';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DnsRecords, type DnsService } from './dns-records.js';
import { DnsServer, hostResolvers, type DnsOptions } from './dns.js';

const keystone: DnsService = {
  namespace: 'openstack',
  name: 'keystone',
  clusterIP: '10.201.128.5',
  ports: [{ name: 'api', port: 5000, protocol: 'TCP' }],
  endpoints: [{ ip: '10.201.0.7' }],
};
const mariadb: DnsService = {
  namespace: 'openstack',
  name: 'mariadb',
  ports: [{ name: 'mysql', port: 3306, protocol: 'TCP' }],
  endpoints: [{ ip: '10.201.0.8', hostname: 'mariadb-0' }, { ip: '10.201.0.9' }],
};

describe('records of the cluster', () => {
  const records = new DnsRecords('cluster.local', [keystone, mariadb, { ...mariadb, name: 'empty', endpoints: [] }]);
  const data = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR'): unknown => {
    const resolution = records.resolve({ name, type });
    return resolution.outcome === 'answer'
      ? resolution.answers.map((record) => ('data' in record ? record.data : record))
      : resolution.outcome;
  };

  it.each([
    ['a Service', 'keystone.openstack.svc.cluster.local', ['10.201.128.5']],
    ['any case and a final dot', 'Keystone.OpenStack.svc.cluster.local.', ['10.201.128.5']],
    ['a headless Service', 'mariadb.openstack.svc.cluster.local', ['10.201.0.8', '10.201.0.9']],
    ['a Pod with a hostname', 'mariadb-0.mariadb.openstack.svc.cluster.local', ['10.201.0.8']],
    ['a Pod without', '10-201-0-9.mariadb.openstack.svc.cluster.local', ['10.201.0.9']],
    ['a Pod by its address', '10-201-0-9.openstack.pod.cluster.local', ['10.201.0.9']],
    ['a headless Service without endpoints', 'empty.openstack.svc.cluster.local', 'no-such-name'],
    ['a Service that is not', 'nova.openstack.svc.cluster.local', 'no-such-name'],
    ['a search domain gone too far', 'example.org.svc.cluster.local', 'no-such-name'],
    ['a namespace', 'openstack.svc.cluster.local', []],
    ['the domain', 'cluster.local', []],
    ['another domain', 'example.org', 'foreign'],
    ['a domain that only ends alike', 'mycluster.local', 'foreign'],
  ])('%s', (_, name, expected) => {
    expect(data(name, 'A')).toEqual(expected);
  });

  it('have no IPv6, which is not the same as no name', () => {
    expect(data('keystone.openstack.svc.cluster.local', 'AAAA')).toEqual([]);
  });

  it('name ports', () => {
    expect(data('_mysql._tcp.mariadb.openstack.svc.cluster.local', 'SRV')).toEqual([
      expect.objectContaining({ port: 3306, target: 'mariadb-0.mariadb.openstack.svc.cluster.local' }),
      expect.objectContaining({ port: 3306, target: '10-201-0-9.mariadb.openstack.svc.cluster.local' }),
    ]);
  });

  it('name addresses', () => {
    expect(data('5.128.201.10.in-addr.arpa', 'PTR')).toEqual(['keystone.openstack.svc.cluster.local']);
    expect(data('8.8.8.8.in-addr.arpa', 'PTR')).toBe('foreign');
  });
});

describe('the server', () => {
  const servers: DnsServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function start(
    services: readonly DnsService[],
    options: Partial<DnsOptions> = {},
  ): Promise<{ port: number; client: Resolver }> {
    const server = new DnsServer({ address: '127.0.0.1', port: 0, ...options });
    servers.push(server);
    server.update(services);
    const port = await server.start();
    const client = new Resolver({ timeout: 5000, tries: 1 });
    client.setServers([`127.0.0.1:${port}`]);
    return { port, client };
  }

  it('answers a resolver', async () => {
    const { client } = await start([keystone]);
    expect(await client.resolve4('keystone.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
    await expect(client.resolve4('nova.openstack.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(client.resolve6('keystone.openstack.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('sends an answer that is too long for a datagram over TCP', async () => {
    const endpoints = Array.from({ length: 200 }, (_, index) => ({ ip: `10.201.1.${index}` }));
    const { client } = await start([{ ...mariadb, endpoints }]);
    expect(await client.resolve4('mariadb.openstack.svc.cluster.local')).toHaveLength(200);
  });

  it('asks the host for other names, the next resolver when one is silent', async () => {
    const outside: DnsService = { namespace: 'a', name: 'www', clusterIP: '192.0.2.1', ports: [], endpoints: [] };
    const upstream = await start([outside], { domain: 'example.org' });
    const { client } = await start([keystone], {
      upstreamTimeout: 50,
      upstream: [
        { address: '127.0.0.1', port: 9 },
        { address: '127.0.0.1', port: upstream.port },
      ],
    });
    expect(await client.resolve4('www.a.svc.example.org')).toEqual(['192.0.2.1']);
  });

  it('does not know other names without resolvers, nor bare names ever', async () => {
    const { client } = await start([keystone]);
    await expect(client.resolve4('example.org')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const unreachable = await start([], { upstream: [{ address: '127.0.0.1', port: 9 }], upstreamTimeout: 50 });
    await expect(unreachable.client.resolve4('mariadb')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(unreachable.client.resolve4('example.org')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('follows an external name into the cluster', async () => {
    const alias: DnsService = { ...keystone, name: 'identity', externalName: 'keystone.openstack.svc.cluster.local' };
    const { client } = await start([keystone, alias]);
    expect(await client.resolve4('identity.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
  });

  it('follows no external name that leads back to itself', async () => {
    const alias = (name: string, to: string): DnsService => ({
      ...keystone,
      name,
      externalName: `${to}.openstack.svc.cluster.local`,
    });
    const { client } = await start([keystone, alias('a', 'b'), alias('b', 'a'), alias('self', 'self')]);
    for (const name of ['a', 'self']) expect(await client.resolve4(`${name}.openstack.svc.cluster.local`)).toEqual([]);
    expect(await client.resolve4('keystone.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
  });

  it.each([10, 900])('survives an answer of somebody else that nobody can read, of %i bytes', async (length) => {
    const upstream = createSocket('udp4');
    // Nine answers, each with a name that is where the next one is.
    upstream.on('message', (query, from) => {
      const head = Buffer.from(query.subarray(0, 12));
      head.writeUInt16BE(0x8180, 2);
      head.writeUInt16BE(9, 6);
      upstream.send(Buffer.concat([head, query.subarray(12), Buffer.alloc(length, 0xc1)]), from.port, from.address);
    });
    await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve));
    try {
      const outside: DnsService = { ...keystone, name: 'outside', externalName: 'www.example.org' };
      const resolver = { address: '127.0.0.1', port: upstream.address().port };
      const { client } = await start([keystone, outside], { upstream: [resolver], upstreamTimeout: 50 });
      await expect(client.resolve4('www.example.org')).rejects.toThrow();
      await expect(client.resolve4('outside.openstack.svc.cluster.local')).rejects.toThrow();
      expect(await client.resolve4('keystone.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
    } finally {
      upstream.close();
    }
  });

  it('survives a question from where no answer can be sent to', async () => {
    const heard = vi.spyOn(Socket.prototype, 'on');
    const { client } = await start([keystone]);
    const ask = heard.mock.calls.find(([event]) => event === 'message')?.[1];
    heard.mockRestore();
    // As it comes over a raw socket: no other can send from there.
    const question = Buffer.from(encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'example.org' }] }));
    ask?.(question, { address: '127.0.0.1', family: 'IPv4', port: 0, size: question.length });
    expect(await client.resolve4('keystone.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
  });

  it('survives what is not DNS', async () => {
    const { port, client } = await start([keystone]);
    const socket = createSocket('udp4');
    await new Promise((resolve) => socket.send(Buffer.from('nonsense'), port, '127.0.0.1', resolve));
    socket.close();
    expect(await client.resolve4('keystone.openstack.svc.cluster.local')).toEqual(['10.201.128.5']);
  });
});

it('reads the resolvers of the host', () => {
  expect(hostResolvers('# comment\nsearch a\nnameserver 192.0.2.53\nnameserver ::1\n')).toEqual([
    { address: '192.0.2.53', port: 53 },
  ]);
});
