import { readFile } from 'node:fs/promises';
import { CommandError, runCommand } from './command.js';

/**
 * Lets Pods through where the host's firewall drops what it was not told of, as it does under Docker (FORWARD, which
 * bridged packets pass too when br_netfilter is loaded) and ufw (INPUT). Hosts without such a policy are left alone.
 */
export class Firewall {
  readonly #rules: readonly { chain: string; rule: readonly string[] }[];

  constructor(bridge: string) {
    this.#rules = [
      { chain: 'FORWARD', rule: ['-i', bridge, '-o', bridge, '-j', 'ACCEPT'] },
      { chain: 'INPUT', rule: ['-i', bridge, '-j', 'ACCEPT'] },
    ];
  }

  async open(): Promise<void> {
    for (const { chain, rule } of this.#rules) {
      if (chain === 'FORWARD' && !(await bridgedPacketsAreFiltered())) continue;
      if (!(await drops(chain)) || (await succeeds('-C', chain, ...rule))) continue;
      await iptables('-I', chain, ...rule);
    }
  }

  async close(): Promise<void> {
    for (const { chain, rule } of this.#rules) {
      while (await succeeds('-C', chain, ...rule)) await iptables('-D', chain, ...rule);
    }
  }
}

const iptables = (...args: string[]): Promise<{ stdout: string }> => runCommand('iptables', ['-w', '5', ...args]);

const succeeds = (...args: string[]): Promise<boolean> =>
  iptables(...args).then(
    () => true,
    () => false,
  );

/** No iptables, no policy of it. */
async function drops(chain: string): Promise<boolean> {
  try {
    return (await iptables('-S', chain)).stdout.startsWith(`-P ${chain} DROP`);
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

const bridgedPacketsAreFiltered = async (): Promise<boolean> =>
  (await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').catch(() => '0')).trim() === '1';
