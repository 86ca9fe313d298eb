// The Pods' network, without CNI: one bridge; per Pod a network namespace with a fixed address, which outlives its
// containers; the whole range of Service addresses local to the host, where the service proxy listens.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { AddressPlan } from '../../network/address-plan.js';
import { parseAddress, parseCidr, sizeOf, formatAddress } from '../../network/ipv4.js';
import { RuntimeError } from '../runtime.js';
import { CommandError, runCommand } from './command.js';
import { Firewall } from './firewall.js';
import { closePerimeter, removePerimeter } from './perimeter.js';

const NETNS_DIRECTORY = '/run/netns';

/** Eight hexadecimal digits for names that must be short: an interface has 15 characters. */
const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

export class PodNetwork {
  readonly #plan: AddressPlan;
  readonly #prefix: string;
  readonly #bridge: string;
  readonly #firewall: Firewall;
  readonly #id: string;

  constructor(clusterId: string, plan: AddressPlan) {
    const cluster = short(clusterId);
    this.#plan = plan;
    this.#id = cluster;
    this.#prefix = `stackwright-${cluster}-`;
    this.#bridge = `sw-${cluster}`;
    this.#firewall = new Firewall(this.#bridge);
  }

  /** What all Pods share. Changes nothing that is already there. */
  async setup(): Promise<void> {
    const { nodeIp, podCidr, serviceCidr } = this.#plan;
    const { prefix } = parseCidr(podCidr) ?? { prefix: 32 };
    // Before there is anything to reach.
    await this.guard();
    if (!(await exists(this.#bridge))) {
      // With an address of its own the bridge keeps it; otherwise it takes that of a Pod, another one at each change.
      await ip('link', 'add', this.#bridge, 'address', macOf(nodeIp), 'type', 'bridge');
    }
    await ip('addr', 'replace', `${nodeIp}/${prefix}`, 'dev', this.#bridge);
    await ip('link', 'set', this.#bridge, 'up');
    // "AnyIP": every address of the range is the host's, so that the proxy can listen on any of them without an
    // interface per Service, and an address that nobody listens on refuses connections at once.
    await ip('route', 'replace', 'local', serviceCidr, 'dev', 'lo');
    await this.#firewall.open();
  }

  /** Keeps neighbours out, also after somebody has flushed all rules of this host, as the restart of a firewall does. */
  async guard(): Promise<void> {
    const { podCidr: pods, serviceCidr: services } = this.#plan;
    await closePerimeter({ id: this.#id, bridge: this.#bridge, pods, services });
  }

  /** Containers must be gone before: a namespace lives as long as a process is in it. */
  async teardown(): Promise<void> {
    await this.#firewall.close();
    for (const podUid of await this.attached()) await this.detach(podUid);
    await ip('route', 'del', 'local', this.#plan.serviceCidr, 'dev', 'lo').catch(ignoreMissing);
    await ip('link', 'del', this.#bridge).catch(ignoreMissing);
    await removePerimeter(this.#id);
  }

  /** Path of a Pod's network namespace, for podman. */
  namespacePath(podUid: string): string {
    return `${NETNS_DIRECTORY}/${this.#prefix}${podUid}`;
  }

  /** What to put in front of a command that is to run in a Pod's network, with the files of the host. */
  enter(podUid: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#prefix + podUid];
  }

  /** Pods that have a network namespace. */
  async attached(): Promise<string[]> {
    const names = await readdir(NETNS_DIRECTORY).catch(() => []);
    return names.filter((name) => name.startsWith(this.#prefix)).map((name) => name.slice(this.#prefix.length));
  }

  /** Makes the Pod's namespace with this address. What an interrupted attempt left is made anew. */
  async attach(podUid: string, address: string): Promise<void> {
    await this.detach(podUid);
    const namespace = this.#prefix + podUid;
    const { prefix } = parseCidr(this.#plan.podCidr) ?? { prefix: 32 };
    const veth = this.#veth(podUid);
    await ip('netns', 'add', namespace);
    await ipBatch(
      [],
      [
        `link add ${veth} type veth peer name eth0 netns ${namespace} address ${macOf(address)}`,
        `link set ${veth} master ${this.#bridge}`,
        `link set ${veth} up`,
      ],
    );
    await ipBatch(
      ['-netns', namespace],
      [
        'link set lo up',
        `addr add ${address}/${prefix} dev eth0`,
        'link set eth0 up',
        `route add default via ${this.#plan.nodeIp}`,
      ],
    );
  }

  async detach(podUid: string): Promise<void> {
    await ip('netns', 'del', this.#prefix + podUid).catch(ignoreMissing);
    // Goes with the namespace, but only when the kernel comes to it: a new one of that name may be made before.
    await ip('link', 'del', this.#veth(podUid)).catch(ignoreMissing);
  }

  /** Puts a script of nftables into effect in a Pod's namespace. */
  async filter(podUid: string, script: string): Promise<void> {
    const [command = 'ip', ...args] = this.enter(podUid);
    await runCommand(command, [...args, 'nft', '-f', '-'], { input: script });
  }

  #veth(podUid: string): string {
    return `${this.#bridge.slice(0, 7)}${short(podUid)}`;
  }
}

/**
 * An address for a Pod that no other one has: where its UID falls in the range. The next Pod does not get the address
 * of the last one, whose connections and neighbours may still be around.
 */
export function chooseAddress(podUid: string, plan: AddressPlan, taken: ReadonlySet<string>): string {
  const range = parseCidr(plan.podCidr);
  if (range === undefined) throw new RuntimeError('NoFreeAddresses', `${plan.podCidr} is not a range of addresses`);
  const node = parseAddress(plan.nodeIp) ?? range.base;
  const first = node + 1;
  const count = range.base + sizeOf(range) - 1 - first; // without the broadcast address
  const start = Number.parseInt(short(podUid), 16) % count;
  for (let step = 0; step < count; step += 1) {
    const address = formatAddress(first + ((start + step) % count));
    if (!taken.has(address)) return address;
  }
  throw new RuntimeError('NoFreeAddresses', `all addresses of ${plan.podCidr} are taken`);
}

/**
 * A hardware address made of the IP address. Were it random, a Pod that gets the address of an earlier one would not
 * be reached for up to a minute, until the neighbours forget the old pair.
 */
export const macOf = (address: string): string =>
  ['0a', '58', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');

const ip = (...args: string[]): Promise<unknown> => runCommand('ip', args);

const ipBatch = (args: readonly string[], commands: readonly string[]): Promise<unknown> =>
  runCommand('ip', [...args, '-batch', '-'], { input: commands.map((command) => `${command}\n`).join('') });

const exists = (link: string): Promise<boolean> =>
  ip('link', 'show', link).then(
    () => true,
    () => false,
  );

function ignoreMissing(error: unknown): void {
  if (error instanceof CommandError && /No such|Cannot find device|does not exist/i.test(error.message)) return;
  throw error;
}
