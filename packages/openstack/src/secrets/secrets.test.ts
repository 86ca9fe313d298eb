import { SeededRandom } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { newPassword } from './password.js';
import { secretWith, valuesOf } from './secret.js';

describe('passwords', () => {
  it('are letters and digits, of the length asked for, and differ', () => {
    const random = new SeededRandom(1);
    const passwords = Array.from({ length: 100 }, () => newPassword(random));
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(new Set(passwords).size).toBe(100);
    expect(newPassword(random, 7)).toHaveLength(7);
  });

  it('use the whole alphabet', () => {
    const random = new SeededRandom(2);
    expect(new Set(newPassword(random, 10_000)).size).toBe(62);
  });
});

describe('secrets', () => {
  it('give back what was put in', () => {
    const secret = secretWith('a', { username: 'keystone', password: 'pä$$' });
    expect(valuesOf(secret, ['username', 'password'])).toEqual({ values: { username: 'keystone', password: 'pä$$' } });
  });

  it('name the keys that are missing or empty', () => {
    const secret = secretWith('a', { username: '' });
    expect(valuesOf(secret, ['username', 'password'])).toEqual({ missing: ['username', 'password'] });
  });
});
