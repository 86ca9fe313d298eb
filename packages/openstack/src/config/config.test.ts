import { servingDefaults } from '@stackwright/api';
import { failed } from '@stackwright/graph';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError, literal, mergeConfigs, owned, renderOsloConfig, type OsloScalar } from './oslo-config.js';
import { checkFiles, mergeOverride } from './override.js';
import { resolveSecrets } from './secret-values.js';
import { uwsgiFiles } from './uwsgi.js';

/** What oslo.config's parser makes of a file (oslo_config/iniparser.py): values by section and option. */
function parse(text: string): Record<string, Record<string, string[]>> {
  const parsed: Record<string, Record<string, string[]>> = {};
  let section: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '' || /^[#;]/.test(line)) continue;
    if (/^\s/.test(line)) throw new Error(`continuation: ${line}`);
    const head = /^\[(.*)\]/.exec(line);
    if (head) {
      section = parsed[head[1] ?? ''] ??= {};
      continue;
    }
    const at = /[=:]/.exec(line)?.index ?? -1;
    if (at < 0) throw new Error(`no assignment: ${line}`);
    let value = line.slice(at + 1).trim();
    if (value !== '' && value.startsWith(value.at(-1) ?? '') && /^["']/.test(value)) value = value.slice(1, -1);
    (section[line.slice(0, at).trim()] ??= []).push(value);
  }
  return parsed;
}

describe('oslo.config files', () => {
  it('are the same text for the same configuration, DEFAULT first', () => {
    const text = renderOsloConfig({
      token: { expiration: 3600, allow: undefined },
      DEFAULT: { debug: true, a: 'x' },
      'filter:authtoken': { plugins: ['one', 'two'] },
    });
    expect(text).toBe(
      [
        '[DEFAULT]',
        'a = x',
        'debug = true',
        '',
        '[filter:authtoken]',
        'plugins = one',
        'plugins = two',
        '',
        '[token]',
        'expiration = 3600',
        '',
      ].join('\n'),
    );
    expect(
      renderOsloConfig({
        DEFAULT: { a: 'x', debug: true },
        token: { expiration: 3600 },
        'filter:authtoken': { plugins: ['one', 'two'] },
      }),
    ).toBe(text);
  });

  it('say what was meant: every value comes back from the parser', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
    const value: fc.Arbitrary<OsloScalar> = fc.oneof(
      fc.string().map((text) => text.replaceAll(/[\n\r\0]/g, '')),
      fc.constantFrom('"quoted"', "'single'", ' padded ', '"', 'a\'b"c', '# no comment', '= : ;', '[x]', ''),
      fc.integer(),
      fc.boolean(),
    );
    const config = fc.dictionary(
      name,
      fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }))),
    );
    fc.assert(
      fc.property(config, (given) => {
        const expected = Object.entries(given).map(([section, options]) => [
          section,
          Object.fromEntries(Object.entries(options).map(([option, one]) => [option, [one].flat().map(String)])),
        ]);
        expect(parse(renderOsloConfig(given))).toEqual(Object.fromEntries(expected));
      }),
    );
  });

  it.each([
    [{ DEFAULT: { a: 'x\n[database]\nconnection = theirs' } }, /\[DEFAULT\] a: a value cannot have more than one line/],
    [{ DEFAULT: { 'a = b': 1 } }, /cannot be the name of an option/],
    [{ DEFAULT: { '# a': 1 } }, /cannot be the name of an option/],
    [{ 'x]\n[y': {} }, /cannot be the name of a section/],
  ])('refuse what would be read as something else: %j', (config, message) => {
    expect(() => renderOsloConfig(config)).toThrow(ConfigError);
    expect(() => renderOsloConfig(config)).toThrow(message);
  });

  it('never quote a value in an error', () => {
    expect(() => renderOsloConfig({ DEFAULT: { password: 'hunter2\n' } })).toThrow(
      expect.not.stringContaining('hunter2') as string,
    );
  });

  it('are made of fragments, the later one over the earlier', () => {
    const merged = mergeConfigs({ a: { x: 1, y: 1 } }, { a: { y: owned(2, 'why') }, b: { z: 3 } });
    expect(renderOsloConfig(merged)).toBe('[a]\nx = 1\ny = 2\n\n[b]\nz = 3\n');
  });

  it('take a dollar literally when told to', () => expect(literal('pa$$word$x')).toBe('pa$$$$word$$x'));
});

describe('a configuration override', () => {
  const connection = owned('ours', 'it comes from the claim');
  const ours = { DEFAULT: { debug: false, log: 'a' }, database: { connection } };

  it('is merged by section and option', () => {
    expect(
      mergeOverride('x.conf', ours, { DEFAULT: { debug: true }, token: { provider: 'jws', list: ['a', 'b'] } }),
    ).toEqual({
      DEFAULT: { debug: true, log: 'a' },
      database: { connection },
      token: { provider: 'jws', list: ['a', 'b'] },
    });
    expect(ours.DEFAULT.debug).toBe(false);
  });

  it.each<[Record<string, Record<string, unknown>>, string]>([
    [
      { database: { connection: 'theirs' } },
      'spec.config["x.conf"].database.connection cannot be set: it comes from the claim',
    ],
    [
      { DEFAULT: { debug: { a: 1 } } },
      'spec.config["x.conf"].DEFAULT.debug is neither a string, a number, a boolean, a list of such nor { secretKeyRef: { name, key } }',
    ],
    [
      { DEFAULT: { debug: null } },
      'spec.config["x.conf"].DEFAULT.debug is neither a string, a number, a boolean, a list of such nor { secretKeyRef: { name, key } }',
    ],
  ])('is refused with the field and why: %j', (override, message) => {
    expect(() => mergeOverride('x.conf', ours, override)).toThrow(message);
  });

  it.each([{ database: { 'max-pool-SIZE': 1 } }, { Database: { max_pool_size: 1 } }])(
    'cannot get round by spelling what is owned: %j',
    (override) => {
      const spelt = { database: { max_pool_size: owned(undefined, 'no') } };
      expect(() => mergeOverride('x.conf', spelt, override)).toThrow(/cannot be set: no/);
    },
  );

  it('means the section that oslo.config means', () => {
    expect(mergeOverride('x.conf', ours, { Database: { pool: 1 } })).toMatchObject({
      database: { connection, pool: 1 },
    });
    expect(mergeOverride('x.conf', ours, { default: { debug: true } })).toMatchObject({ DEFAULT: { debug: false } });
  });

  it.each<[string, Record<string, Record<string, unknown>>, RegExp]>([
    ['a section', { ['s'.repeat(254)]: {} }, /has a section "s{32}…" of more than 253 characters/],
    ['an option', { DEFAULT: { ['o'.repeat(254)]: 1 } }, /DEFAULT has an option "o{32}…" of more than 253 characters/],
    ['a value', { DEFAULT: { long: 'v'.repeat(65_537) } }, /DEFAULT.long has more than 65536 characters/],
    ['a list', { DEFAULT: { many: new Array<number>(1_025).fill(1) } }, /DEFAULT.many has more than 1024 items/],
  ])('is refused where %s is too long', (_what, override, message) => {
    expect(() => mergeOverride('x.conf', ours, override)).toThrow(message);
  });

  it('takes as many steps as it has options, however many these are', () => {
    const lowered = vi.spyOn(String.prototype, 'toLowerCase');
    try {
      const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`o${index}`, 1]));
      const stepsFor = (count: number): number => {
        lowered.mockClear();
        mergeOverride('x.conf', ours, {
          DEFAULT: many(count),
          ...Object.fromEntries(Object.keys(many(count)).map((name) => [name, { a: 1 }])),
        });
        return lowered.mock.calls.length;
      };
      expect(stepsFor(1_000)).toBeLessThan(15 * stepsFor(100));
    } finally {
      lowered.mockRestore();
    }
  });

  it('may have any names', () => {
    const override = JSON.parse('{ "__proto__": { "polluted": "yes" }, "constructor": { "__proto__": 1 } }') as object;
    const resolved = resolveSecrets({ 'x.conf': { ...override } }, () => failed('Error', ''));
    const sections = resolved.state === 'Done' ? resolved.output.override['x.conf'] : undefined;
    expect(renderOsloConfig(mergeOverride('x.conf', {}, sections))).toBe(
      '[__proto__]\npolluted = yes\n\n[constructor]\n__proto__ = 1\n',
    );
    expect({}).not.toHaveProperty('polluted');
  });

  it('names a file that is not there', () => {
    expect(() => checkFiles({ 'keystone.cnf': {} }, ['keystone.conf'])).toThrow(
      'spec.config["keystone.cnf"] is no file of this service; there is keystone.conf',
    );
  });
});

describe('uwsgi', () => {
  const api = {
    application: 'x.wsgi:application',
    port: 5000,
    livenessPort: 8090,
    serving: servingDefaults,
    directory: '/etc/stackwright',
  };
  const ini = (options = {}) => uwsgiFiles(api, options)['uwsgi.ini'] ?? '';

  it('closes connections, loads after the fork and fails when there is no application', () => {
    const expected = [
      '[uwsgi]',
      'http-socket = 0.0.0.0:5000',
      'pythonpath = /etc/stackwright',
      'module = stackwright_application:application',
      'add-header = Connection: close',
      'lazy-apps = true',
      'need-app = true',
    ];
    expect(ini().split('\n')).toEqual(expect.arrayContaining(expected));
  });

  it('takes options of a service instead of ours, beside them, or out', () => {
    const text = ini({ threads: 1, 'socket-timeout': 60, 'thunder-lock': undefined });
    expect(text).toContain('threads = 1\n');
    expect(text).toContain('socket-timeout = 60\n');
    expect(text).not.toContain('thunder-lock');
  });

  it('loads applications and factories of applications, and nothing else', () => {
    const load = (application: string) => uwsgiFiles({ ...api, application })['application'];
    expect(load('x.wsgi:application')).toBe('x.wsgi:application\n');
    expect(load('x.wsgi:init_app()')).toBe('x.wsgi:init_app()\n');
    for (const wrong of ['x', "x:y'", 'x:y(1)', 'x; y:z']) expect(() => load(wrong)).toThrow(/is no WSGI application/);
  });
});
