import { describe, expect, it } from 'vitest';
import { scrubPatterns as scrub } from './patterns.js';

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

describe('what looks like a credential', () => {
  it('a key of any length is not shown in base64, as a Secret holds it', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'MIIabc/+0123'.repeat(300)}\n-----END PRIVATE KEY-----\n`;
    const shown = scrub(`Invalid: {"data":{"tls.key":"${Buffer.from(key).toString('base64')}"}}`);
    expect(shown).toBe('Invalid: {"data":{"tls.key":"***"}}');
  });

  it.each([
    'mysql://nova:p@ss/hunter2@db:3306/nova',
    "Could not parse URL from string 'mysql+pymysql://nova:pa'ss-hunter2@db/nova'",
    'amqp://u:hunter2@one:5672,u:hunter2@two:5672//vhost',
    'redis://:hunter2@cache/0',
    'mysqldump --password hunter2 db',
    'mysqldump --password=hunter2 db',
    'mysql -uroot -phunter2 db',
    'openstack --os-password hunter2 token issue',
    'MYSQL_PWD=hunter2',
    'api_key=hunter2',
    'apiKey: hunter2',
    'adminPassword: hunter2',
    'password=hun,ter2-hunter2',
    'password="hun\\"hunter2"',
    "password='hun''hunter2'",
    "password = 'hunter2",
    'password is hunter2',
    'Access denied; pwd=hunter2',
    'X-Auth-Key: hunter2',
    'X-Subject-Token: hunter2',
    "CREATE USER `a`@'%' IDENTIFIED BY 'hunter2'",
    "ALTER USER a IDENTIFIED VIA mysql_native_password USING PASSWORD('hunter2')",
    "SET PASSWORD FOR a = PASSWORD('hun\\'hunter2')",
    "You have an error in your SQL syntax; check the manual for the right syntax to use near 'hunter2'' at line 1",
    "You have an error in your SQL syntax; check the manual for the right syntax to use near 'hunter2",
    'token eyJhbGciOiJub25lIn0.eyJzdWIiOiJodW50ZXIyIn0.hunter2',
    '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\nhunter2',
  ])('%s', (text) => {
    const shown = scrub(text);
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('***');
  });

  it.each([
    'GET http://keystone:5000/v3/users/jane@example.com failed',
    'waits for Secret keystone-db of jane@example.com',
    'password is required',
    'passwordSecretRef: name',
    'mkdir -p /var/lib/mysql',
    'the tokens of 3 users',
    'keystone-manage db_sync --check',
    'monkey: banana',
  ])('leaves alone: %s', (text) => expect(scrub(text)).toBe(text));

  it.each([
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJodW50ZXIyIn0.hunter2',
    'v3/eyJhbGciOiJub25lIn0.eyJzdWIiOiJodW50ZXIyIn0.hunter2',
    `data.${Buffer.from('-----BEGIN PRIVATE KEY-----hunter2').toString('base64url')}`,
  ])('is found in a text that is one word, as in a sentence: %s', (text) => {
    expect(scrub(text)).toMatch(/^(v3.|data.)?[*]{3}$/);
    expect(scrub(`${text} is refused`)).toBe(`${scrub(text)} is refused`);
  });

  it('is looked for in time that grows with the text and not faster', () => {
    for (const part of [
      'a',
      'a-',
      'a://',
      'x://a:',
      'password',
      'mysql -p',
      "near '",
      '-----BEGIN PRIVATE KEY-----',
      '"',
    ])
      expect(scrub(part.repeat(Math.ceil(200_000 / part.length))).length).toBeGreaterThan(0);
  });
});
