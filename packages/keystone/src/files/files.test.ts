import { SeededRandom } from '@stackwright/core/testing';
import { mergeOverride, renderOsloConfig, type Database } from '@stackwright/openstack';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { bootstrapCommand, passwordFile } from '../manage/bootstrap.js';
import { newKeyRepository } from '../keys/repository.js';
import { cloudsYaml } from './clouds-yaml.js';
import { keystoneConf } from './keystone-conf.js';

describe('keystone.conf', () => {
  const conf = keystoneConf({
    database: { url: 'mysql+pymysql://keystone:pw@mariadb.openstack.svc/keystone' } as Database,
    cache: {
      servers: ['memcached-0.memcached.openstack.svc:11211', 'memcached-1.memcached.openstack.svc:11211'],
      secretName: '',
    },
    maxActiveKeys: 5,
  });

  it('takes database and cache from the claims', () => {
    const text = renderOsloConfig(conf);
    expect(text).toContain('connection = mysql+pymysql://keystone:pw@mariadb.openstack.svc/keystone\n');
    expect(text).toContain(
      'memcache_servers = memcached-0.memcached.openstack.svc:11211,memcached-1.memcached.openstack.svc:11211\n',
    );
    expect(text).toContain('max_active_keys = 5\n');
  });

  it.each([
    ['database', 'connection'],
    ['fernet_tokens', 'max_active_keys'],
    ['fernet_tokens', 'key_repository'],
    ['credential', 'key_repository'],
    ['cache', 'memcache_servers'],
  ])('keeps [%s] %s from an override', (section, option) => {
    expect(() => mergeOverride('keystone.conf', conf, { [section]: { [option]: 'theirs' } })).toThrow(/cannot be set/);
  });
});

describe('a new key repository', () => {
  const keys = newKeyRepository(new SeededRandom(3));

  it('has a staged and a primary key, as fernet_setup makes them', () => {
    expect(Object.keys(keys)).toEqual(['0', '1']);
    expect(keys['0']).not.toBe(keys['1']);
  });

  it.each(['0', '1'])('holds 32 bytes of URL-safe base64 in %s', (name) => {
    expect(keys[name]).toMatch(/^[A-Za-z0-9_-]{43}=$/);
    expect(Buffer.from(keys[name]!, 'base64url')).toHaveLength(32);
  });
});

describe('clouds.yaml', () => {
  it('is YAML that a client understands, whatever the password', () => {
    const password = `"'\\: #\n{`;
    const text = cloudsYaml('openstack', {
      authUrl: 'http://keystone.openstack.svc:5000',
      region: 'RegionOne',
      username: 'admin',
      password,
      project: 'admin',
    });
    const { clouds } = parse(text) as { clouds: Record<string, { auth: Record<string, string>; region_name: string }> };
    expect(clouds['openstack']?.auth).toMatchObject({ auth_url: 'http://keystone.openstack.svc:5000/v3', password });
    expect(clouds['openstack']?.region_name).toBe('RegionOne');
  });
});

describe('the bootstrap command', () => {
  const command = bootstrapCommand({
    region: 'R',
    internalUrl: 'http://keystone:5000',
    publicUrl: 'https://id.example.org',
  });

  it('names the file of the password, and nowhere the password', () => {
    expect(command).toContain(passwordFile);
    expect(command).not.toContain('--bootstrap-password');
  });

  it('gives the URLs of the catalog with their version', () => {
    const after = (option: string) => command[command.indexOf(option) + 1];
    expect(after('--bootstrap-public-url')).toBe('https://id.example.org/v3');
    expect(after('--bootstrap-internal-url')).toBe('http://keystone:5000/v3');
    expect(after('--bootstrap-region-id')).toBe('R');
  });
});
