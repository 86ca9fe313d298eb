import { describe, expect, it } from 'vitest';
import { volumeRequest } from './volume-size.js';

const claim = (had: string, capacity?: string, phase = 'Bound') => ({
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: had } } },
  status: { phase, ...(capacity === undefined ? {} : { capacity: { storage: capacity } }) },
});
const gibibytes = (count: number, more = 0) => String(count * 2 ** 30 + more);

describe('the amount that a volume is asked for', () => {
  it.each([
    ['what is wanted, where there is none', undefined, '10Gi', '10Gi'],
    ['the same, where it is the same', claim('10Gi', '10Gi'), '10Gi', '10Gi'],
    ['the same, in the words that it was asked in', claim('10240Mi', '10Gi'), '10Gi', '10240Mi'],
    ['more', claim('10Gi', '10Gi'), '20Gi', '20Gi'],
    ['more, where nobody says yet what it has', claim('10Gi'), '20Gi', '20Gi'],
    ['less than was asked for, but more than it has', claim('900Ti', '10Gi'), '20Gi', '20Gi'],
    ['a little more than it has, where that is what is wanted', claim('900Ti', '10Gi'), '10Gi', gibibytes(10, 1)],
    ['and then no other amount', claim(gibibytes(10, 1), '10Gi'), '10Gi', gibibytes(10, 1)],
    ['as before, where the class has rounded it up', claim('10Gi', '11Gi'), '11Gi', '10Gi'],
    ['as before, while it has no volume', claim('10Gi', undefined, 'Pending'), '20Gi', '10Gi'],
  ])('is %s', (_, there, size, storage) => {
    expect(volumeRequest(there, { size })).toEqual({ storage });
  });

  it.each([
    ['as it is, where less is wanted than it has', claim('20Gi', '20Gi'), '20Gi'],
    ['no more than it has to be, where more was asked for before', claim('900Ti', '20Gi'), gibibytes(20, 1)],
  ])('is %s, with a warning', (_, there, storage) => {
    const { storage: amount, warning } = volumeRequest(there, { size: '10Gi' });
    expect(amount).toBe(storage);
    expect(warning).toEqual({
      reason: 'VolumeLarger',
      message: 'The volume of PersistentVolumeClaim data has 20Gi and cannot shrink to 10Gi',
    });
  });
});
