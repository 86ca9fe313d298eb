import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressRange } from './address-range.js';

it('gives out every address once, the lowest ones last', () => {
  const range = new AddressRange('10.9.8.0/27');
  const taken = new Set<string>();
  for (let count = 0; count < 30; count += 1) {
    const address = range.allocate(taken);
    expect(range.has(address)).toBe(true);
    expect(taken.has(address)).toBe(false);
    taken.add(address);
    if (count === 0) expect(address).toBe('10.9.8.9');
    if (count === 22) expect(address).toBe('10.9.8.1');
  }
  expect(() => range.allocate(taken)).toThrow('no address of 10.9.8.0/27 is free');
});

it('does not give an address out again at once', () => {
  const range = new AddressRange('10.96.0.0/16');
  const first = range.allocate(new Set());
  expect(range.allocate(new Set())).not.toBe(first);
});

it('knows its own', () => {
  const range = new AddressRange('10.96.0.0/16');
  expect(range.first).toBe('10.96.0.1');
  expect(['10.96.0.0', '10.96.255.255', '10.97.0.1', '10.96.0', 'x'].filter((address) => range.has(address))).toEqual(
    [],
  );
  expect(() => new AddressRange('10.96.0.0')).toThrow('is not a range');
});

it('never fails while there is one left', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(13), { maxLength: 60 }), (freed) => {
      const range = new AddressRange('192.168.5.0/28');
      const taken = new Set<string>();
      for (const index of freed) {
        if (taken.size === 14) taken.delete([...taken][index] as string);
        taken.add(range.allocate(taken));
      }
    }),
  );
});
