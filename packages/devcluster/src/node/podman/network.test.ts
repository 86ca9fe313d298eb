import { expect, it } from 'vitest';
import { planFor, type AddressPlan } from '../../network/address-plan.js';
import { parseCidr } from '../../network/ipv4.js';
import { chooseAddress, macOf } from './network.js';

const plan = planFor(parseCidr('10.201.0.0/16')!);

it('a Pod gets the same address for the same UID, and another when that one is taken', () => {
  const first = chooseAddress('a', plan, new Set());
  expect(chooseAddress('a', plan, new Set())).toBe(first);
  expect(chooseAddress('a', plan, new Set([first]))).not.toBe(first);
});

it('every address of the range is handed out once, but those of the network, the node and all', () => {
  const small: AddressPlan = { ...plan, podCidr: '10.201.0.0/29', nodeIp: '10.201.0.1' };
  const taken = new Set<string>();
  for (let pod = 0; pod < 5; pod += 1) taken.add(chooseAddress(`pod-${pod}`, small, taken));
  expect([...taken].sort()).toEqual(['10.201.0.2', '10.201.0.3', '10.201.0.4', '10.201.0.5', '10.201.0.6']);
  expect(() => chooseAddress('one-more', small, taken)).toThrow(/all addresses of 10.201.0.0\/29 are taken/);
});

it('the hardware address follows from the address', () => {
  expect(macOf('10.201.0.255')).toBe('0a:58:0a:c9:00:ff');
});
