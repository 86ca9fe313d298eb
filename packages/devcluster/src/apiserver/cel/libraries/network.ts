// Kubernetes' IP and CIDR libraries.
import { isIP } from 'node:net';
import { failure, namespace, type Library } from './library.js';

class Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
  readonly text: string;

  constructor(family: 4 | 6, bits: bigint, text: string) {
    this.family = family;
    this.bits = bits;
    this.text = text;
  }
}

class Network {
  readonly address: Address;
  readonly length: number;

  constructor(address: Address, length: number) {
    this.address = address;
    this.length = length;
  }
}

const size = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 4)
    return fromBits(
      4,
      text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n),
    );
  // Neither zones nor IPv4 in disguise.
  if (family !== 6 || text.includes('%') || /^::ffff:/i.test(text)) return undefined;
  return fromBits(6, bits6(new URL(`http://[${text}]`).hostname.slice(1, -1)));
}

function bits6(canonical: string): bigint {
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros: string[] = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function fromBits(family: 4 | 6, bits: bigint): Address {
  const groups = (count: number, width: bigint, radix: number): string[] =>
    Array.from({ length: count }, (_, index) =>
      ((bits >> (width * BigInt(count - 1 - index))) & ((1n << width) - 1n)).toString(radix),
    );
  const text =
    family === 4
      ? groups(4, 8n, 10).join('.')
      : new URL(`http://[${groups(8, 16n, 16).join(':')}]`).hostname.slice(1, -1);
  return new Address(family, bits, text);
}

function parseNetwork(text: string): Network | undefined {
  const [head = '', length, more] = text.split('/');
  const address = parseAddress(head);
  if (!address || more !== undefined || !/^(0|[1-9]\d{0,2})$/.test(length ?? '')) return undefined;
  return Number(length) > size(address.family) ? undefined : new Network(address, Number(length));
}

function masked({ address, length }: Network): Address {
  const rest = BigInt(size(address.family) - length);
  return fromBits(address.family, (address.bits >> rest) << rest);
}

const within = (text: string, address: Address): boolean => {
  const network = parseNetwork(text) as Network;
  return network.address.family === address.family && containsAddress(network, address);
};

const containsAddress = (network: Network, address: Address): boolean =>
  network.address.family === address.family &&
  masked(new Network(address, network.length)).bits === masked(network).bits;

const containsNetwork = (outer: Network, inner: Network): boolean =>
  outer.length <= inner.length && containsAddress(outer, inner.address);

/** Which of these an address is in answers a question about it. */
const properties: Readonly<Record<string, readonly string[]>> = {
  isUnspecified: ['0.0.0.0/32', '::/128'],
  isLoopback: ['127.0.0.0/8', '::1/128'],
  isLinkLocalMulticast: ['224.0.0.0/24', 'ff02::/16'],
  isLinkLocalUnicast: ['169.254.0.0/16', 'fe80::/10'],
};

const notUnicast = [
  '0.0.0.0/32',
  '255.255.255.255/32',
  '127.0.0.0/8',
  '224.0.0.0/4',
  '169.254.0.0/16',
  '::/128',
  '::1/128',
  'ff00::/8',
  'fe80::/10',
];

export const network: Library = (environment) => {
  const [ip, cidr] = ['net.IP', 'net.CIDR'];
  const address = (text: string): Address => {
    const found = parseAddress(text);
    if (!found)
      throw failure(`IP Address ${JSON.stringify(text)} parse error during conversion from string: unable to parse IP`);
    return found;
  };
  const range = (text: string): Network => {
    const found = parseNetwork(text);
    if (!found)
      throw failure(
        `CIDR ${JSON.stringify(text)} parse error during conversion from string: network address parse error`,
      );
    return found;
  };
  environment
    .registerType(ip, { ctor: Address, fields: {} })
    .registerType(cidr, { ctor: Network, fields: {} })
    .registerOperator(`${ip} == ${ip}`, (a: Address, b: Address) => a.text === b.text)
    .registerOperator(
      `${cidr} == ${cidr}`,
      (a: Network, b: Network) => a.address.text === b.address.text && a.length === b.length,
    )
    .registerFunction(`ip(string): ${ip}`, address)
    .registerFunction('isIP(string): bool', (text: string) => parseAddress(text) !== undefined)
    .registerFunction(`string(${ip}): string`, ({ text }: Address) => text)
    .registerFunction(`${ip}.family(): int`, ({ family }: Address) => BigInt(family))
    .registerFunction(
      `${ip}.isGlobalUnicast(): bool`,
      (value: Address) => !notUnicast.some((text) => within(text, value)),
    );
  for (const [name, ranges] of Object.entries(properties)) {
    environment.registerFunction(`${ip}.${name}(): bool`, (value: Address) =>
      ranges.some((text) => within(text, value)),
    );
  }
  environment
    .registerFunction(
      `${namespace(environment, 'ip')}.isCanonical(string): bool`,
      (_: unknown, text: string) => address(text).text === text,
    )
    .registerFunction(`cidr(string): ${cidr}`, range)
    .registerFunction('isCIDR(string): bool', (text: string) => parseNetwork(text) !== undefined)
    .registerFunction(`string(${cidr}): string`, (value: Network) => `${value.address.text}/${value.length}`)
    .registerFunction(`${cidr}.ip(): ${ip}`, (value: Network) => value.address)
    .registerFunction(`${cidr}.masked(): ${cidr}`, (value: Network) => new Network(masked(value), value.length))
    .registerFunction(`${cidr}.prefixLength(): int`, ({ length }: Network) => BigInt(length))
    .registerFunction(`${cidr}.containsIP(${ip}): bool`, containsAddress)
    .registerFunction(`${cidr}.containsIP(string): bool`, (value: Network, text: string) =>
      containsAddress(value, address(text)),
    )
    .registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, containsNetwork)
    .registerFunction(`${cidr}.containsCIDR(string): bool`, (value: Network, text: string) =>
      containsNetwork(value, range(text)),
    );
};
