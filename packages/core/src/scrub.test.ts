import { describe, expect, it } from 'vitest';
import { scrub } from './scrub.js';

describe('scrub', () => {
  it.each([
    ['mysql+pymysql://keystone:hunter2@db.example/keystone', 'mysql+pymysql://***@db.example/keystone'],
    ['connect to redis://hunter2@cache:6379 failed', 'connect to redis://***@cache:6379 failed'],
    ["admin_password = 'hunter2'", 'admin_password = ***'],
    ['Authorization: Bearer abcdef.hunter2-xyz', 'Authorization: Bearer ***'],
    ['{"token":"hunter2"}', '{"token":***}'],
  ])('%s', (text, scrubbed) => expect(scrub(text)).toBe(scrubbed));

  it.each([
    'http://keystone.openstack.svc:5000/v3',
    "Access denied for user 'x'@'%' (using password: YES)",
    'basic auth is off',
  ])('leaves alone: %s', (text) => expect(scrub(text)).toBe(text));
});
