import { describe, expect, it } from 'vitest';
import type { Cache, Database, Identity, Messaging } from '../service/builder.js';
import { mergeConfigs, renderOsloConfig } from './oslo-config.js';
import { mergeOverride } from './override.js';
import { authtokenSection, clientSection, databaseSection, messagingSections, proxySection } from './sections.js';

const identity: Identity = {
  claim: 'sample-identity',
  authUrl: 'http://keystone.ns.svc:5000/v3',
  username: 'glance',
  password: 'pa$$word',
  projectName: 'service',
  userDomainName: 'Default',
  projectDomainName: 'Default',
  regionName: 'RegionOne',
  provider: { apiVersion: '', kind: 'Keystone', name: 'keystone' },
  secretName: 'glance-identity',
};
const cache: Cache = { servers: ['m-0:11211', 'm-1:11211'], secretName: '' };
const messaging = { transportUrl: 'rabbit://glance:pw@rabbitmq.ns.svc:5672/glance' } as Messaging;

describe('sections of the claims', () => {
  it('say what the claims gave, passwords as they are', () => {
    const text = renderOsloConfig({ keystone_authtoken: authtokenSection(identity, cache) });
    for (const line of [
      'auth_type = password',
      'auth_url = http://keystone.ns.svc:5000/v3',
      'memcached_servers = m-0:11211,m-1:11211',
      // oslo.config reads "$$" as "$".
      'password = pa$$$$word',
      'service_token_roles_required = true',
      'www_authenticate_uri = http://keystone.ns.svc:5000/v3',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('cafile');
    const withCa = renderOsloConfig({ placement: clientSection({ ...identity, caFile: '/etc/stackwright/ca.crt' }) });
    expect(withCa).toContain('cafile = /etc/stackwright/ca.crt\n');
  });

  it('use quorum queues for all that has a name or not, and notify only when told to', () => {
    const text = renderOsloConfig(mergeConfigs({ DEFAULT: { debug: true } }, messagingSections(messaging)));
    expect(text).toBe(
      [
        '[DEFAULT]',
        'debug = true',
        'transport_url = rabbit://glance:pw@rabbitmq.ns.svc:5672/glance',
        '',
        '[oslo_messaging_rabbit]',
        'rabbit_quorum_queue = true',
        'rabbit_transient_quorum_queue = true',
        'use_queue_manager = false',
        '',
      ].join('\n'),
    );
    expect(messagingSections(messaging, { notifications: true })).toHaveProperty('oslo_messaging_notifications.driver');
  });

  it('are not overridden where a claim is what says it', () => {
    const conf = mergeConfigs(messagingSections(messaging), proxySection(), {
      database: databaseSection({ url: 'mysql://…' } as Database),
      keystone_authtoken: authtokenSection(identity, cache),
    });
    const set = (section: string, option: string) => () =>
      mergeOverride('x.conf', conf, { [section]: { [option]: 'theirs' } });
    expect(set('database', 'connection')).toThrow('it comes from the database claim');
    expect(set('keystone_authtoken', 'password')).toThrow('it comes from the identity claim');
    expect(set('keystone_authtoken', 'cafile')).toThrow('it comes from the identity claim');
    // Neither by what takes its place, nor by what else makes a login, or a URL.
    for (const option of ['auth_section', 'auth_plugin', 'user_id', 'project-id', 'system_scope', 'trust_id']) {
      expect(set('keystone_authtoken', option), option).toThrow('the login is that of the identity claim');
    }
    expect(set('keystone_authtoken', 'memcache_security_strategy')).toThrow('cannot be set');
    expect(set('keystone_authtoken', 'delay_auth_decision')).toThrow('it would let everybody in');
    for (const option of ['slave_connection', 'connection_parameters']) {
      expect(set('database', option), option).toThrow('the database is that of the claim');
    }
    expect(set('DEFAULT', 'transport_url')).toThrow('it comes from the messaging claim');
    expect(set('oslo_messaging_rabbit', 'rabbit_quorum_queue')).toThrow('cannot be set');
    expect(set('keystone_authtoken', 'www_authenticate_uri')).not.toThrow();
    expect(set('database', 'max_pool_size')).not.toThrow();
  });
});
