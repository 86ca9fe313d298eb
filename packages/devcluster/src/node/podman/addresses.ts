import { readFile } from 'node:fs/promises';
import { choosePlan, type AddressPlan } from '../../network/address-plan.js';
import { hostResolvers } from '../../network/dns.js';
import { parseCidr, type Cidr } from '../../network/ipv4.js';
import { writePrivate } from '../../state-directory.js';
import { RuntimeError } from '../runtime.js';
import { runCommand } from './command.js';

/** The cluster's addresses: those it was given when it was new, or free ones of this host. */
export async function clusterAddresses(file: string): Promise<AddressPlan> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as AddressPlan;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const plan = await planAddresses();
  writePrivate(file, JSON.stringify(plan));
  return plan;
}

async function planAddresses(): Promise<AddressPlan> {
  const plan = choosePlan(await rangesInUse());
  if (plan === undefined) {
    throw new RuntimeError(
      'NoFreeAddresses',
      'Every private address range that a cluster could use is routed on this host.',
    );
  }
  return plan;
}

/** All that the host has routes to or takes names from, on any interface. */
async function rangesInUse(): Promise<Cidr[]> {
  const { stdout } = await runCommand('ip', ['-json', '-4', 'route', 'show', 'table', 'all']);
  const routes = (JSON.parse(stdout || '[]') as { dst: string }[])
    .map(({ dst }) => dst)
    .filter((dst) => dst !== 'default');
  const resolvers = hostResolvers(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
  return [...routes, ...resolvers.map(({ address }) => address)].flatMap((text) => parseCidr(text) ?? []);
}
