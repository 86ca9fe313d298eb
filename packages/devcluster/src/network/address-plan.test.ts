import { describe, expect, it } from 'vitest';
import { choosePlan } from './address-plan.js';
import { formatAddress, overlaps, parseAddress, parseCidr } from './ipv4.js';

const ranges = (...texts: string[]) => texts.map((text) => parseCidr(text)!);

describe('the addresses of a cluster', () => {
  it('halve a block between Pods and Services', () => {
    expect(choosePlan([])).toEqual({
      podCidr: '10.201.0.0/17',
      serviceCidr: '10.201.128.0/17',
      nodeIp: '10.201.0.1',
      apiIp: '10.201.128.1',
      dnsIp: '10.201.128.10',
    });
  });

  it('avoid what the host already uses, in whole or in part', () => {
    expect(choosePlan(ranges('10.201.7.0/24', '10.202.0.1', '192.0.2.0/24'))?.podCidr).toBe('10.203.0.0/17');
    expect(choosePlan(ranges('10.0.0.0/8'))?.podCidr).toBe('172.24.0.0/17');
    expect(choosePlan(ranges('10.0.0.0/8', '172.16.0.0/12'))).toBeUndefined();
  });
});

describe('IPv4', () => {
  it('reads and writes addresses and ranges', () => {
    expect(formatAddress(parseAddress('192.168.3.255')! + 1)).toBe('192.168.4.0');
    expect(['1.2.3', '1.2.3.256', 'a.b.c.d'].map(parseAddress)).toEqual([undefined, undefined, undefined]);
    expect(parseCidr('10.1.2.3/16')).toEqual(parseCidr('10.1.0.0/16'));
    expect(parseCidr('10.1.2.3/33')).toBeUndefined();
  });

  it('knows which ranges overlap', () => {
    const [a, b, c] = ranges('10.1.0.0/16', '10.1.255.255', '10.2.0.0/16');
    expect([overlaps(a!, b!), overlaps(b!, a!), overlaps(a!, c!)]).toEqual([true, true, false]);
  });
});
