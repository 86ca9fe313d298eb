// Keeps neighbours out: Services and Pods have addresses of this host, or behind it, and whoever has a route to the host has
// one to them. Rules of nftables on the interface that a packet comes in by, before the kernel asks whose its address is.
import { RuntimeError } from '../runtime.js';
import { CommandError, runCommand } from './command.js';

/** The name begins like this, and goes on with the short id of the cluster. */
export const PERIMETER_PREFIX = 'stackwright_';

/** Where clouds tell their machines who they are, with credentials. */
const LINK_LOCAL = '169.254.0.0/16';

export interface PerimeterOptions {
  /** Short id of the cluster. */
  id: string;
  bridge: string;
  /** The ranges that only this host and the bridge may speak to. */
  pods: string;
  services: string;
}

/** The table of one cluster, as it is found on a host. */
export interface FoundPerimeter {
  id: string;
  services?: string;
}

/** Takes the place of what was there, in one go. Rejects where the host cannot: nothing is to run on an open network. */
export async function closePerimeter(options: PerimeterOptions): Promise<void> {
  try {
    await runCommand('nft', ['-f', '-'], { input: perimeterRules(options) });
  } catch (error) {
    const missing = error instanceof CommandError && error.message.includes('ENOENT');
    const why = missing ? 'nft is not installed (apt-get install nftables)' : `nft: ${(error as Error).message}`;
    throw new RuntimeError(
      'FirewallUnavailable',
      `the local network would reach all Pods and Services, since it cannot be kept out: ${why}`,
      error,
    );
  }
}

/** A script for `nft -f -`. The interfaces need not be there yet. */
export function perimeterRules({ id, bridge, pods, services }: PerimeterOptions): string {
  const table = `inet ${PERIMETER_PREFIX}${id}`;
  const rules = [
    `iifname "${bridge}" ip daddr ${LINK_LOCAL} drop`,
    `iifname { "lo", "${bridge}" } accept`,
    `ip daddr ${pods} drop`,
    `ip daddr ${services} drop`,
  ];
  const chain = '  chain arriving {\n    type filter hook prerouting priority raw; policy accept;\n';
  return `table ${table}\ndelete table ${table}\ntable ${table} {\n${chain}${rules.map((rule) => `    ${rule}\n`).join('')}  }\n}\n`;
}

/** Those of all clusters of this host; none where there is no nft. */
export async function perimetersOfHost(): Promise<FoundPerimeter[]> {
  const { stdout } = await runCommand('nft', ['list', 'ruleset', 'inet']).catch(() => ({ stdout: '' }));
  return parsePerimeters(stdout);
}

/** From what `nft list ruleset` prints. */
export function parsePerimeters(ruleset: string): FoundPerimeter[] {
  return [...ruleset.matchAll(/^table inet stackwright_([0-9a-f]{8}) \{\n(.*?)^\}/gms)].map(
    ([, id = '', content = '']) => {
      const [, services] = /[\s\S]*ip daddr (\S+) drop/.exec(content) ?? [];
      return { id, ...(services === undefined ? {} : { services }) };
    },
  );
}

export async function removePerimeter(id: string): Promise<void> {
  await runCommand('nft', ['delete', 'table', 'inet', `${PERIMETER_PREFIX}${id}`]).catch((error: unknown) => {
    const gone = error instanceof CommandError && /No such file|ENOENT/.test(error.message + error.stderr);
    if (!gone) throw error;
  });
}
