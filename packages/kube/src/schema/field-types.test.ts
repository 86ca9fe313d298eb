import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { defineCustomResource } from '../crd/define.js';
import { ListMap, ListSet, StringEnum, StringMap } from '../crd/fields.js';
import { defineResource } from '../resource.js';
import {
  CronJob,
  Deployment,
  EndpointSlice,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from '../resources/builtin.js';
import { fieldTypesOf, listTypeAt, type FieldTypePath } from './field-types.js';

const atomic = { type: 'atomic' };
const map = (...keys: string[]) => ({ type: 'map', keys, defaults: {} });
const NetworkPolicy = defineResource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
});

describe('the lists of built-in kinds', () => {
  const podSpec = ['spec', 'template', 'spec'];
  it.each([
    ['a NetworkPolicy’s ports are one value', NetworkPolicy, ['spec', 'ingress', 0, 'ports'], atomic],
    [
      'a Service’s ports have keys',
      Service,
      ['spec', 'ports'],
      { ...map('port', 'protocol'), defaults: { protocol: 'TCP' } },
    ],
    ['those of an EndpointSlice have none', EndpointSlice, ['ports'], atomic],
    [
      'a container’s ports have others',
      Deployment,
      [...podSpec, 'containers', { name: 'a' }, 'ports'],
      { ...map('containerPort', 'protocol'), defaults: { protocol: 'TCP' } },
    ],
    ['variables of the environment', StatefulSet, [...podSpec, 'initContainers', 1, 'env'], map('name')],
    ['arguments', Deployment, [...podSpec, 'containers', 0, 'args'], atomic],
    ['tolerations', Pod, ['spec', 'tolerations'], atomic],
    ['constraints of spreading', Pod, ['spec', 'topologySpreadConstraints'], map('topologyKey', 'whenUnsatisfiable')],
    ['deep in a CronJob', CronJob, ['spec', 'jobTemplate', ...['spec', 'template', 'spec'], 'volumes'], map('name')],
    ['addresses of an endpoint', EndpointSlice, ['endpoints', 0, 'addresses'], { type: 'set' }],
    [
      'finalizers of any object',
      defineResource({ ...Pod, group: 'a.example' }),
      ['metadata', 'finalizers'],
      { type: 'set' },
    ],
    [
      'owners of a template of volume claims',
      StatefulSet,
      ['spec', 'volumeClaimTemplates', 0, 'metadata', 'ownerReferences'],
      map('uid'),
    ],
    [
      'of a kind of another group with the same name',
      defineResource({ ...Pod, group: 'apps.example' }),
      ['spec', 'containers'],
      atomic,
    ],
    ['a field that does not exist', Pod, ['spec', 'constructor'], atomic],
  ] satisfies [string, typeof Pod | typeof NetworkPolicy, FieldTypePath, object][])(
    '%s',
    (_, resource, path, expected) => {
      expect(listTypeAt(resource, path)).toEqual(expected);
    },
  );
});

describe('maps and structs of built-in kinds', () => {
  it('are one value where the API says so, with all that is in them', () => {
    const spec = fieldTypesOf(Service).field('spec');
    expect([spec.atomic, spec.field('selector').atomic]).toEqual([false, true]);
    const budget = fieldTypesOf(PodDisruptionBudget).field('spec').field('selector');
    expect([budget.atomic, budget.field('matchLabels').atomic]).toEqual([true, true]);
    expect(fieldTypesOf(Pod).field('metadata').field('labels').atomic).toBe(false);
  });
});

describe('a custom kind', () => {
  const Item = Type.Object({ name: Type.String(), protocol: StringEnum(['TCP', 'UDP'], { default: 'TCP' }) });
  const Thing = defineCustomResource({
    group: 'a.example',
    version: 'v1',
    kind: 'Thing',
    plural: 'things',
    description: 'A thing.',
    spec: Type.Object({
      plain: Type.Array(Type.String()),
      set: ListSet(Type.String()),
      map: ListMap(Item, ['name', 'protocol']),
      byName: Type.Record(Type.String(), Type.Object({ set: ListSet(Type.String()) })),
      selector: StringMap({ 'x-kubernetes-map-type': 'atomic' }),
    }),
    status: Type.Object({}),
    printerColumns: [],
  });

  it('says itself how its lists merge', () => {
    expect(listTypeAt(Thing, ['spec', 'plain'])).toEqual(atomic);
    expect(listTypeAt(Thing, ['spec', 'set'])).toEqual({ type: 'set' });
    expect(listTypeAt(Thing, ['spec', 'map'])).toEqual({ ...map('name', 'protocol'), defaults: { protocol: 'TCP' } });
    expect(listTypeAt(Thing, ['spec', 'byName', 'anything', 'set'])).toEqual({ type: 'set' });
    expect(listTypeAt(Thing, ['metadata', 'ownerReferences'])).toEqual(map('uid'));
    expect(fieldTypesOf(Thing).field('spec').field('selector').atomic).toBe(true);
  });

  it('is looked at once', () => {
    expect(fieldTypesOf(Thing).field('spec').field('map')).toBe(fieldTypesOf(Thing).field('spec').field('map'));
  });
});
