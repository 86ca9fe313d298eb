// What the kernel says to connections from Pod to Pod, by the rules that are made of NetworkPolicies; part of `npm run e2e`. Needs
// root, ip and nft, and no containers: a Pod is its network here. Leaves nothing behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planFor, type AddressPlan } from '../../network/address-plan.js';
import { parseCidr } from '../../network/ipv4.js';
import type { Way } from '../../network/network-policies.js';
import { runCommand } from './command.js';
import { ingressRules } from './ingress-rules.js';
import { PodNetwork } from './network.js';

const plan: AddressPlan = planFor(parseCidr('10.219.0.0/16')!);
const network = new PodNetwork(`ingress-${process.pid}`, plan);
const addresses = { server: '10.219.0.2', client: '10.219.0.3', stranger: '10.219.0.4' };
type Name = keyof typeof addresses;
const servers: ChildProcess[] = [];

/** A program in a Pod's network. */
const inside = (pod: Name, program: string): string[] => [...network.enter(pod), process.execPath, '-e', program];

const listening = (port: number): Promise<void> =>
  new Promise((resolve) => {
    const program = `require('node:net').createServer((s) => s.end('hello')).listen(${port}, () => console.log('on'))`;
    const [command = '', ...args] = inside('server', program);
    const child = spawn(command, args);
    servers.push(child);
    child.stdout.once('data', () => resolve());
  });

/** "hello", or the code of the error. */
async function ask(from: Name | 'node', port: number): Promise<string> {
  const program = `require('node:net').connect(${port}, '${addresses.server}').setTimeout(3000, function () { this.destroy({ code: 'silence' }) })
    .on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))`;
  const [command = '', ...args] = from === 'node' ? [process.execPath, '-e', program] : inside(from, program);
  return (await runCommand(command, args)).stdout.trim();
}

const allow = (ways: readonly Way[] | undefined): Promise<void> =>
  network.filter('server', ingressRules(ways, plan.nodeIp));

beforeAll(async () => {
  await network.setup();
  for (const [pod, address] of Object.entries(addresses)) await network.attach(pod, address);
  await Promise.all([listening(1000), listening(2000)]);
}, 30_000);

afterAll(async () => {
  for (const child of servers) child.kill();
  await network.teardown();
}, 30_000);

const client: Way = {
  from: [{ cidr: `${addresses.client}/32`, except: [] }],
  ports: [{ protocol: 'TCP', first: 1000, last: 1000 }],
};

it('everybody comes in where nobody says otherwise', async () => {
  expect([await ask('client', 1000), await ask('stranger', 2000)]).toEqual(['hello', 'hello']);
});

it('who is let in is answered, by that port; all others are refused, and told so', async () => {
  await allow([client]);
  expect(await ask('client', 1000)).toBe('hello');
  expect(await ask('client', 2000)).toBe('ECONNREFUSED');
  expect(await ask('stranger', 1000)).toBe('ECONNREFUSED');
});

it('the node comes in, as probes do, and the Pod reaches others and itself', async () => {
  await allow([]);
  expect(await ask('node', 1000)).toBe('hello');
  expect(await ask('server', 1000)).toBe('hello');
  expect(await ask('client', 1000)).toBe('ECONNREFUSED');
});

it('other rules take the place of those before, and none let everybody in again', async () => {
  await allow([client]);
  await allow([{ from: [{ cidr: '10.219.0.0/16', except: [`${addresses.client}/32`] }] }]);
  expect([await ask('client', 1000), await ask('stranger', 2000)]).toEqual(['ECONNREFUSED', 'hello']);
  await allow(undefined);
  expect(await ask('client', 1000)).toBe('hello');
});
