import { expect, it } from 'vitest';
import { isHashOf, passwordHash } from './password-hash.js';

it("knows the broker's form, whatever its salt is", () => {
  // From https://www.rabbitmq.com/docs/passwords
  const documented = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR';
  expect(isHashOf(documented, 'test12')).toBe(true);
  expect(isHashOf(documented, 'test13')).toBe(false);
  for (const broken of ['', 'x', documented.slice(0, -4)]) expect(isHashOf(broken, 'test12')).toBe(false);
});

it('is always the same for one user and password, and shows of no two users that they have the same one', () => {
  const hash = passwordHash('nova', 'secret');
  expect(passwordHash('nova', 'secret')).toBe(hash);
  expect(isHashOf(hash, 'secret')).toBe(true);
  expect(passwordHash('cinder', 'secret').slice(0, 6)).not.toBe(hash.slice(0, 6));
});
