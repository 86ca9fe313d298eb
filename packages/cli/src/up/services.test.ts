import type { PublishedService } from '@stackwright/api';
import { describe, expect, it } from 'vitest';
import { CliError } from '../errors.js';
import { modules } from '../modules.js';
import { additionsTo, choose, modulesOf, namesOf, publishedBy, select, selectAll } from './services.js';

const offers: PublishedService[] = [
  { service: 'mariadb', provides: 'database', requires: [] },
  { service: 'memcached', provides: 'cache', requires: [] },
  { service: 'rabbitmq', provides: 'messaging', requires: [] },
  { service: 'keystone', provides: 'identity', requires: ['database', 'cache'] },
  { service: 'placement', requires: ['identity', 'database', 'cache'] },
  { service: 'glance', requires: ['identity', 'database', 'cache'] },
  { service: 'nova', requires: ['identity', 'database', 'messaging', 'placement'] },
];

function refusal(work: () => unknown): CliError {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('a selection', () => {
  it('brings the infrastructure along, and no other service', () => {
    expect(select(offers, ['glance', 'keystone'])).toEqual({
      infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } },
      services: { keystone: {}, glance: {} },
    });
  });

  it('may name infrastructure, too', () => {
    expect(select(offers, ['rabbitmq'])).toEqual({ infrastructure: { messaging: { rabbitmq: {} } }, services: {} });
  });

  it('that lacks a service says which, and how to have it', () => {
    const { message, hints, exitCode } = refusal(() => select(offers, ['glance']));
    expect(message).toBe('glance needs identity, which keystone provides: add keystone to --services.');
    expect(hints).toEqual(['Name them all: --services keystone,glance']);
    expect(exitCode).toBe(1);
  });

  it('that lacks several says all at once', () => {
    const { message, hints } = refusal(() => select(offers, ['nova']));
    expect(message).toBe(
      'nova needs identity, which keystone provides; nova needs placement: add keystone and placement to --services.',
    );
    expect(hints).toEqual(['Name them all: --services keystone,placement,nova']);
  });

  it('lacks nothing that the control plane has already', () => {
    expect(namesOf(select(offers, ['glance'], ['mariadb', 'keystone']))).toEqual([
      'mariadb',
      'memcached',
      'keystone',
      'glance',
    ]);
  });

  it('that lacks what nothing provides says so', () => {
    const lonely: PublishedService[] = [{ service: 'heat', requires: ['identity'] }];
    expect(refusal(() => select(lonely, ['heat'])).message).toBe('heat needs identity, which nothing here provides.');
  });

  it.each([
    ['glanse', ['Did you mean glance?', 'There are: keystone, placement, glance, nova']],
    ['swift', ['There are: keystone, placement, glance, nova']],
  ])('with a name that there is not, %s, shows those that there are', (name, said) => {
    const { message, hints } = refusal(() => select(offers, ['keystone', name]));
    expect(message).toBe(`There is no service "${name}".`);
    expect(hints).toHaveLength(said.length);
    said.forEach((line, index) => expect(hints[index]).toContain(line));
  });
});

describe('a control plane that is there', () => {
  it('gets what it lacks, and keeps what it says', () => {
    const spec = {
      infrastructure: { database: { galera: { storage: '20Gi' } } },
      services: { keystone: { replicas: 3 }, placement: {} },
    };
    expect(additionsTo(spec, select(offers, ['keystone', 'glance']))).toEqual({
      infrastructure: { cache: { memcached: {} } },
      services: { glance: {} },
    });
    expect(additionsTo(spec, { infrastructure: {}, services: { keystone: {} } })).toBeUndefined();
  });
});

describe('a choice', () => {
  const spec = { infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } }, services: { keystone: {} } };

  it('is everything where there is no control plane and nothing is named', () => {
    expect(choose(offers, undefined, undefined).names).toEqual(offers.map(({ service }) => service));
  });

  it('leaves a control plane that is there alone where nothing is named, and says what more there is', () => {
    const { additions, names, notes } = choose(offers, spec, undefined);
    expect(additions).toBeUndefined();
    expect(names).toEqual(['mariadb', 'memcached', 'keystone']);
    expect(notes.join()).toContain('`up --services placement,glance,nova` adds it');
  });

  it('adds what is named to a control plane that is there, and says so', () => {
    const { additions, names, notes } = choose(offers, spec, ['glance']);
    expect(additions).toEqual({ infrastructure: {}, services: { glance: {} } });
    expect(names).toEqual(['mariadb', 'memcached', 'keystone', 'glance']);
    expect(notes).toEqual(['The control plane got glance; what it named before is as it was.']);
    expect(choose(offers, spec, ['keystone'])).toMatchObject({
      names: ['mariadb', 'memcached', 'keystone'],
      notes: [],
    });
  });
});

describe('the services of this workspace', () => {
  const published = publishedBy(modules);

  it('can all be brought up together, each role played once', () => {
    const names = namesOf(selectAll(published));
    expect([...names].sort()).toEqual(published.map(({ service }) => service).sort());
    expect(namesOf(select(published, names)).sort()).toEqual([...names].sort());
  });

  it('come with their controllers, and with the coordinator', () => {
    const { services, infrastructure } = select(published, ['keystone']);
    expect(modulesOf(modules, namesOf({ services, infrastructure })).map(({ name }) => name)).toEqual([
      'coordinator',
      'mariadb',
      'memcached',
      'keystone',
    ]);
  });
});
