// IP addresses and networks.
import { isIPv4, isIPv6 } from 'node:net';
import type { Findings } from './findings.js';

const octets = /^\d{1,3}(\.\d{1,3}){3}$/;

/** The address without leading zeros; undefined when it is none. */
function parse(text: string): string | undefined {
  if (octets.test(text)) {
    const plain = text.split('.').map(Number).join('.');
    return isIPv4(plain) ? plain : undefined;
  }
  return isIPv6(text) && !text.includes('%') ? text : undefined;
}

const mapped = (address: string): boolean => /^::ffff:/i.test(canonical(address));

/** The one way to write an IPv6 address. */
const canonical = (address: string): string =>
  isIPv6(address) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;

export const familyOf = (address: string): 'IPv4' | 'IPv6' | undefined =>
  parse(address) === undefined ? undefined : isIPv6(address) && !mapped(address) ? 'IPv6' : 'IPv4';

/** Whether it is an address; reports it when it is not, or is one that programs read differently. */
export function checkAddress(findings: Findings, path: string, text: string): boolean {
  const address = parse(text);
  if (address === undefined)
    findings.invalid(path, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  else if (!isIPv4(text) && !isIPv6(text)) findings.invalid(path, text, 'must not have leading 0s');
  else if (isIPv6(text) && mapped(text)) findings.invalid(path, text, 'must not be an IPv4-mapped IPv6 address');
  else return true;
  return false;
}

/** An address of a field that came after there were rules for how to write one. */
export function checkCanonicalAddress(findings: Findings, path: string, text: string): boolean {
  if (!checkAddress(findings, path, text)) return false;
  if (canonical(text) !== text) findings.invalid(path, text, `must be in canonical form ("${canonical(text)}")`);
  return canonical(text) === text;
}

/** An address of something off this link and, unless `mayBeHere`, off this host. */
export function checkEndpointAddress(findings: Findings, path: string, text: string, mayBeHere: boolean): void {
  const address = parse(text);
  if (address === undefined) {
    findings.invalid(path, text, 'must be a valid IP address');
    return;
  }
  const plain = canonical(address);
  if (plain === '0.0.0.0' || plain === '::') findings.invalid(path, text, `may not be unspecified (${text})`);
  if (!mayBeHere && (/^127\./.test(plain) || plain === '::1'))
    findings.invalid(path, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (/^169\.254\./.test(plain) || /^fe[89ab]/.test(plain))
    findings.invalid(path, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (/^224\.0\.0\./.test(plain) || /^ff02:/.test(plain))
    findings.invalid(path, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
}

export interface Network {
  /** As many bits as addresses of the family have. */
  bits: bigint;
  width: 32 | 128;
  length: number;
}

/** The network that a text names; undefined, with a finding, when it names none. */
export function checkNetwork(findings: Findings, path: string, text: string): Network | undefined {
  const [given = '', size = '', ...rest] = text.split('/');
  const address = parse(given);
  const width = address === undefined ? undefined : isIPv4(address) ? 32 : 128;
  if (address === undefined || width === undefined || !/^\d+$/.test(size) || rest.length > 0 || Number(size) > width) {
    findings.invalid(path, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
    return undefined;
  }
  const network: Network = { bits: bitsOf(address), width, length: Number(size) };
  if (String(Number(size)) !== size || (!isIPv4(given) && !isIPv6(given)))
    findings.invalid(path, text, 'must not have leading 0s in IP or prefix length');
  else if (isIPv6(given) && mapped(given)) findings.invalid(path, text, 'must not have an IPv4-mapped IPv6 address');
  else if (masked(network) !== network.bits)
    findings.invalid(path, text, 'must not have bits set beyond the prefix length');
  return network;
}

const masked = ({ bits, width, length }: Network): bigint => {
  const rest = BigInt(width - length);
  return (bits >> rest) << rest;
};

/** Whether the second is a part of the first, and not all of it. */
export const isWithin = (outer: Network, inner: Network): boolean =>
  outer.width === inner.width &&
  inner.length > outer.length &&
  masked({ ...inner, length: outer.length }) === masked(outer);

function bitsOf(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, octet) => (sum << 8n) + BigInt(octet), 0n);
  const [head = '', tail] = canonical(address).split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
