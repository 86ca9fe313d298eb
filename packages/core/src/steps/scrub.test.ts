import { describe, expect, it } from 'vitest';
import { scrub } from './scrub.js';

describe('scrub', () => {
  it.each([
    ['mysql+pymysql://keystone:s3cret@mariadb:3306/keystone', 'mysql+pymysql://***@mariadb:3306/keystone'],
    ['rabbit://a:b@one:5672,rabbit://c:d@two:5672/', 'rabbit://***@one:5672,rabbit://***@two:5672/'],
    ['redis://:pw@cache', 'redis://***@cache'],
    ['option password=hunter2, user=x', 'option password=***, user=x'],
    ['{"admin_password": "hunter2"}', '{"admin_password": ***}'],
    ['X-Auth-Token: gAAAA', 'X-Auth-Token: ***'],
    ['OS_PASSWORD=a b', 'OS_PASSWORD=*** b'],
  ])('takes the credentials out of %s', (message, scrubbed) => expect(scrub(message)).toBe(scrubbed));

  it.each([
    'http://keystone.openstack.svc:5000/v3 answered 503',
    'Secret keystone-admin has no key "password"',
    'Waits for the password',
    "Access denied for user 'keystone'@'10.0.0.1' (using password: YES)",
    'user@example.org asked http://host/path',
  ])('leaves %s alone', (message) => expect(scrub(message)).toBe(message));
});
