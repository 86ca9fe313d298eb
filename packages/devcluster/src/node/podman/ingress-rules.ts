// The ways into a Pod as rules of nftables, which stand in the Pod's own network namespace: no container may change them.
import type { PortRange, Source, Way } from '../../network/network-policies.js';

const table = 'inet stackwright';

/**
 * A script for `nft -f -`, which takes the place of the one before in one go. Whatever comes from the node (`nodeIp`) is let in:
 * probes, and what the service proxy has let in. A refused connection is told so, since nobody is to wait on a laptop.
 */
export function ingressRules(ways: readonly Way[] | undefined, nodeIp: string): string {
  const clear = `table ${table}\ndelete table ${table}\n`;
  if (!ways) return clear;
  const rules = [
    'iif lo accept',
    'ct state established,related accept',
    `ip saddr ${nodeIp} accept`,
    // Policies are about TCP, UDP and SCTP.
    'meta l4proto { icmp, ipv6-icmp } accept',
    ...ways.flatMap(rulesOf),
    'meta l4proto tcp reject with tcp reset',
  ];
  const chain = `  chain ingress {\n    type filter hook input priority 0; policy drop;\n`;
  return `${clear}table ${table} {\n${chain}${rules.map((rule) => `    ${rule}\n`).join('')}  }\n}\n`;
}

function rulesOf({ from, ports }: Way): string[] {
  const sources = from ? from.flatMap(sourceMatch) : [''];
  const targets = ports ? ports.map(portMatch) : [''];
  return sources.flatMap((source) => targets.map((target) => `${source}${target}accept`));
}

/** Of another family than that of this network's Pods is nobody. */
function sourceMatch({ cidr, except }: Source): string[] {
  if (cidr.includes(':')) return [];
  const without = except.length > 0 ? `ip saddr != { ${except.join(', ')} } ` : '';
  return [`ip saddr ${cidr} ${without}`];
}

function portMatch({ protocol, first, last }: PortRange): string {
  return `${protocol.toLowerCase()} dport ${first === last ? first : `${first}-${last}`} `;
}
