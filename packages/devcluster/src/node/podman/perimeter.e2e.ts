// Who reaches the addresses of a cluster, by what the kernel does with real packets: a neighbour is a network namespace with a
// cable to this host and a route by it; part of `npm run e2e`. Needs root, ip and nft, and no containers. Leaves nothing behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { planFor, type AddressPlan } from '../../network/address-plan.js';
import { parseCidr } from '../../network/ipv4.js';
import { runCommand } from './command.js';
import { findClusters, removeCluster, shortId } from './host-clusters.js';
import { PodNetwork } from './network.js';
import { removePerimeter } from './perimeter.js';

const plan: AddressPlan = planFor(parseCidr('10.220.0.0/16')!);
const clusterId = `perimeter-${process.pid}`;
const network = new PodNetwork(clusterId, plan);
const pod = '10.220.0.2';
const service = '10.220.128.20';
const port = 1000;
/** Of the network between this host and the neighbour, which is one for documentation. */
const [ours, theirs] = ['198.51.100.1', '198.51.100.2'];
const neighbour = `neighbour-${process.pid}`;
const cable = `swn${process.pid}`.slice(0, 15);
let server: Server;
let inPod: ChildProcess;

const ip = (...args: string[]) => runCommand('ip', args);

/** "hello", or the code of the error. */
async function ask(enter: readonly string[], host: string): Promise<string> {
  const program = `require('node:net').connect(${port}, '${host}').setTimeout(1000, function () { this.destroy({ code: 'silence' }) })
    .on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))`;
  const [command = '', ...args] = [...enter, process.execPath, '-e', program];
  return (await runCommand(command, args)).stdout.trim();
}
const fromNeighbour = (host: string) => ask(['ip', 'netns', 'exec', neighbour], host);

beforeAll(async () => {
  await network.setup();
  await network.attach('p', pod);
  const program = `require('node:net').createServer((s) => s.end('hello')).listen(${port}, () => console.log('on'))`;
  const [command = '', ...args] = [...network.enter('p'), process.execPath, '-e', program];
  inPod = spawn(command, args);
  if (inPod.stdout) await once(inPod.stdout, 'data');
  server = createServer((socket) => socket.end('hello')).listen(port, service);
  await once(server, 'listening');
  await ip('netns', 'add', neighbour);
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', neighbour);
  await ip('addr', 'add', `${ours}/30`, 'dev', cable);
  await ip('link', 'set', cable, 'up');
  await ip('-netns', neighbour, 'addr', 'add', `${theirs}/30`, 'dev', 'eth0');
  await ip('-netns', neighbour, 'link', 'set', 'eth0', 'up');
  await ip('-netns', neighbour, 'route', 'add', 'default', 'via', ours);
  // As under Docker: without it, Pods could not be reached in the first place.
  await writeFile(`/proc/sys/net/ipv4/conf/${cable}/forwarding`, '1');
}, 30_000);

beforeEach(() => network.setup());

afterAll(async () => {
  server.close();
  inPod.kill();
  await network.teardown();
  await ip('link', 'del', cable);
  await ip('netns', 'del', neighbour);
}, 30_000);

it('a neighbour with a route reaches no Service, no Pod and not the node by its address of the cluster', async () => {
  // The kernel takes the addresses for its own, whoever asks.
  const { stdout } = await ip('route', 'get', service, 'from', theirs, 'iif', cable);
  expect(stdout).toContain('local');
  expect(await Promise.all([fromNeighbour(service), fromNeighbour(pod)])).toEqual(['silence', 'silence']);
  expect(await fromNeighbour(plan.nodeIp)).toBe('silence');
});

it('without the rules it would', async () => {
  await removePerimeter(shortId(clusterId));
  expect(await Promise.all([fromNeighbour(service), fromNeighbour(pod)])).toEqual(['hello', 'hello']);
});

it('this host and Pods reach both', async () => {
  expect(await Promise.all([ask([], service), ask([], pod)])).toEqual(['hello', 'hello']);
  expect(await ask(network.enter('p'), service)).toBe('hello');
});

it("a Pod does not reach the addresses where clouds give their machines' credentials away", async () => {
  const metadata = '169.254.169.254';
  await ip('addr', 'add', `${metadata}/32`, 'dev', cable);
  const clerk = createServer((socket) => socket.end('hello')).listen(port, metadata);
  await once(clerk, 'listening');
  try {
    expect(await ask([], metadata)).toBe('hello');
    expect(await ask(network.enter('p'), metadata)).toBe('silence');
  } finally {
    clerk.close();
    await ip('addr', 'del', `${metadata}/32`, 'dev', cable);
  }
});

it('what a killed cluster leaves of it is found and removed, also when nothing else is left', async () => {
  const id = shortId(clusterId);
  await network.teardown();
  const mine = async () => (await findClusters()).filter((one) => one.id === id);
  expect(await mine()).toEqual([]);
  await network.setup();
  await ip('link', 'del', `sw-${id}`);
  const [left] = await mine();
  expect(left).toMatchObject({ hasState: false, table: `stackwright_${id}`, route: plan.serviceCidr });
  if (left) await removeCluster(left);
  expect(await mine()).toEqual([]);
  const { stdout } = await ip('route', 'show', 'table', 'local', plan.serviceCidr);
  expect(stdout).toBe('');
});
