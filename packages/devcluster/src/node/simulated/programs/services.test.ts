// Services that the simulated Keystone vouches for, and the simulated broker.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestNode } from '../testing.js';

let node: TestNode;
beforeAll(async () => {
  node = await TestNode.start();
});
afterAll(() => node.stop());

let pods = 0;

/** The address of a Pod of this image. */
async function serve(name: string, port: number, mounts: [string, string][], ports = [port]): Promise<string> {
  pods += 1;
  const { ip } = await node.run({
    podUid: `${name}-${pods}`,
    image: `localhost/stackwright/${name}:1`,
    ports: ports.map((containerPort) => ({ containerPort, protocol: 'TCP' as const })),
    mounts: await Promise.all(mounts.map(([path, content]) => node.file(path, content))),
  });
  return `http://${ip}:${port}`;
}

describe('services behind the simulated Keystone', () => {
  const admin = { name: 'admin', domain: { name: 'Default' }, password: 'secret' };
  const authtoken = (password: string): string =>
    `[keystone_authtoken]\nauth_url = http://keystone.test.svc:5000/v3\nusername = admin\npassword = ${password}\n`;
  let token = '';

  beforeAll(async () => {
    const keystone = await serve('keystone', 5000, []);
    const { status } = await node.run({
      podUid: 'bootstrap',
      image: 'localhost/stackwright/keystone:1',
      command: ['keystone-manage', 'bootstrap', '--bootstrap-password', 'secret'],
    });
    await node.ended(status.id);
    const scope = { project: { name: 'admin', domain: { name: 'Default' } } };
    const auth = { identity: { methods: ['password'], password: { user: admin } }, scope };
    const answer = await fetch(`${keystone}/v3/auth/tokens`, { method: 'POST', body: JSON.stringify({ auth }) });
    token = answer.headers.get('x-subject-token') ?? '';
  });

  const asAdmin = (headers: Record<string, string> = {}): RequestInit => ({
    headers: { 'x-auth-token': token, ...headers },
  });

  it('placement shows its resource classes to whoever has a token', async () => {
    const url = await serve('placement', 8778, [['/etc/placement/placement.conf', authtoken('secret')]]);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${url}/resource_classes`)).status).toBe(401);
    expect((await fetch(`${url}/resource_classes`, asAdmin())).status).toBe(404);
    const answer = await fetch(`${url}/resource_classes`, asAdmin({ 'openstack-api-version': 'placement 1.39' }));
    expect(await answer.json()).toMatchObject({
      resource_classes: [{ name: 'VCPU' }, { name: 'MEMORY_MB' }, {}, {}, {}, {}, {}, {}],
    });
  });

  it('glance gives an image back as it was', async () => {
    const url = await serve('glance', 9292, [['/etc/glance/glance-api.conf', authtoken('secret')]]);
    expect((await fetch(`${url}/healthcheck`)).status).toBe(200);
    const created = await fetch(`${url}/v2/images`, {
      ...asAdmin(),
      method: 'POST',
      body: JSON.stringify({ name: 'cirros', disk_format: 'raw', container_format: 'bare' }),
    });
    const { id, status } = (await created.json()) as { id: string; status: string };
    expect([created.status, status]).toEqual([201, 'queued']);
    const file = `${url}/v2/images/${id}/file`;
    expect((await fetch(file, asAdmin())).status).toBe(204);
    const content = 'an image';
    expect((await fetch(file, { ...asAdmin(), method: 'PUT', body: content })).status).toBe(204);
    const image: unknown = await (await fetch(`${url}/v2/images/${id}`, asAdmin())).json();
    const checksum = createHash('md5').update(content).digest('hex');
    expect(image).toMatchObject({ status: 'active', size: content.length, checksum, disk_format: 'raw' });
    expect(await (await fetch(file, asAdmin())).text()).toBe(content);
    expect((await fetch(`${url}/v2/images`)).status).toBe(401);
  });

  it('cinder keeps volumes for whoever has a token, and its workers work until they are ended', async () => {
    const url = await serve('cinder', 8776, [['/etc/cinder/cinder.conf', authtoken('secret')]]);
    expect((await fetch(`${url}/healthcheck`)).status).toBe(200);
    expect((await fetch(`${url}/v3/types`)).status).toBe(401);
    const body = JSON.stringify({ volume: { name: 'one', size: 2 } });
    const created = await fetch(`${url}/v3/volumes`, { ...asAdmin(), method: 'POST', body });
    const { volume } = (await created.json()) as { volume: { id: string } };
    expect(await (await fetch(`${url}/v3/volumes/${volume.id}`, asAdmin())).json()).toMatchObject({
      volume: { name: 'one', size: 2, status: 'available' },
    });
    expect((await fetch(`${url}/v3/volumes/${volume.id}`, { ...asAdmin(), method: 'DELETE' })).status).toBe(202);
    expect((await fetch(`${url}/v3/volumes/${volume.id}`, asAdmin())).status).toBe(404);
    const image = 'localhost/stackwright/cinder:1';
    const { status } = await node.run({ podUid: 'scheduler', image, command: ['cinder-scheduler'] });
    expect(status.state.phase).toBe('running');
    await node.runtime.stopContainer(status.id, 1);
    expect((await node.ended(status.id)).state).toMatchObject({ phase: 'exited', exitCode: 0 });
  });

  it('cannot serve anybody while Keystone does not let them in themselves', async () => {
    const url = await serve('placement', 8778, [['/etc/placement/placement.conf', authtoken('wrong')]]);
    expect((await fetch(`${url}/resource_classes`, asAdmin())).status).toBe(503);
  });
});

describe('the simulated check of a configuration', () => {
  const check = async (set: object): Promise<[number | undefined, string]> => {
    pods += 1;
    const { status } = await node.run({
      podUid: `check-${pods}`,
      image: 'localhost/stackwright/placement:1',
      command: ['python3', '/etc/stackwright/check/validate.py'],
      mounts: [await node.file('/etc/stackwright/check/check.json', JSON.stringify({ 'placement.conf': { set } }))],
    });
    const { state } = await node.ended(status.id);
    let text = '';
    for await (const piece of node.runtime.logs(status.id, {})) text += piece;
    return [state.phase === 'exited' ? state.exitCode : undefined, text];
  };

  it('finds a slip of the pen, and otherwise believes everything', async () => {
    expect(await check({ DEFAULT: { debug: false }, whatever: { it: true } })).toEqual([0, '']);
    expect(await check({ DEFAULT: { debgu: false } })).toEqual([
      3,
      'spec.config["placement.conf"].DEFAULT.debgu: no such option; did you mean debug?\n',
    ]);
  });
});

describe('the simulated RabbitMQ', () => {
  const salt = Buffer.from('salt');
  const hash = createHash('sha256').update(salt).update('root pw').digest();
  const definitions = JSON.stringify({
    users: [{ name: 'admin', password_hash: Buffer.concat([salt, hash]).toString('base64'), tags: 'administrator' }],
  });

  it('has virtual hosts, users and their permissions for its administrator', async () => {
    const url = await serve('rabbitmq', 15672, [['/etc/rabbitmq/definitions.json', definitions]], [5672, 15672]);
    const call = async (method: string, path: string, body?: object, password = 'root pw'): Promise<Response> =>
      fetch(`${url}/api${path}`, {
        method,
        headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const status = async (...given: Parameters<typeof call>): Promise<number> => (await call(...given)).status;

    expect(await status('GET', '/overview')).toBe(200);
    expect(await status('GET', '/overview', undefined, 'wrong')).toBe(401);
    expect(await status('GET', '/vhosts/nova')).toBe(404);
    expect(await status('PUT', '/vhosts/nova', { default_queue_type: 'quorum' })).toBe(201);
    expect(await status('PUT', '/permissions/nova/nova', { configure: '.*' })).toBe(400);
    expect(await status('PUT', '/users/nova', { password_hash: 'AAAA', tags: '' })).toBe(201);
    expect(await status('PUT', '/permissions/nova/nova', { configure: '.*', write: '.*', read: '.*' })).toBe(201);
    expect(await (await call('GET', '/vhosts/nova')).json()).toMatchObject({
      name: 'nova',
      default_queue_type: 'quorum',
    });
    expect(await (await call('GET', '/users/nova')).json()).toMatchObject({
      name: 'nova',
      password_hash: 'AAAA',
      tags: [],
    });
    expect(await (await call('GET', '/permissions/nova/nova')).json()).toMatchObject({ configure: '.*', user: 'nova' });
    expect(await (await call('GET', '/queues/nova')).json()).toEqual([]);
    expect(await status('DELETE', '/users/nova')).toBe(204);
    expect(await status('GET', '/permissions/nova/nova')).toBe(404);
  });
});
