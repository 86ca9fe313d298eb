import { crdOf, type CustomResource, type StructuralSchema } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import {
  CacheClaim,
  ControlPlane,
  DatabaseClaim,
  IdentityClaim,
  labels,
  publish,
  publishedService,
  Reason,
  reasons,
  stateOfReason,
} from './index.js';

const schemaOf = (resource: CustomResource): StructuralSchema =>
  crdOf(resource).spec.versions[0]!.schema!.openAPIV3Schema as StructuralSchema;

/** Paths of fields of `spec` that `kubectl explain` would have nothing to say about. */
function undescribed(schema: StructuralSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    ...(field.description ? [] : [`${path}.${name}`]),
    ...undescribed(field, `${path}.${name}`),
  ]);
}

describe.each([ControlPlane, DatabaseClaim, CacheClaim, IdentityClaim] as readonly CustomResource[])(
  '$kind',
  (resource) => {
    it('describes every field of its spec', () => {
      expect(undescribed(schemaOf(resource).properties!['spec']!, 'spec')).toEqual([]);
    });

    it('shows in kubectl get whether it is ready, and why not', () => {
      const columns = crdOf(resource).spec.versions[0]!.additionalPrinterColumns!.map(({ name }) => name);
      expect(columns.slice(0, 2)).toEqual(['Ready', 'Reason']);
      expect(columns).toContain('Age');
    });
  },
);

describe('DatabaseClaim', () => {
  const { pattern, not } = schemaOf(DatabaseClaim).properties!['spec']!.properties!['database']!;

  it.each(['keystone', 'nova_api', 'nova_cell0'])('takes %s', (name) => {
    expect(name).toMatch(new RegExp(pattern!));
    expect((not as { enum: string[] }).enum).not.toContain(name);
  });

  it.each(['Keystone', 'nova-api', '1st', 'a.b', 'a`; DROP DATABASE x', "a'", ''])('refuses %o', (name) => {
    expect(name).not.toMatch(new RegExp(pattern!));
  });

  it.each(['mysql', 'root', 'sys', 'information_schema'])("refuses the server's own %s", (name) => {
    expect((not as { enum: string[] }).enum).toContain(name);
  });
});

describe('what a service publishes on its CRD', () => {
  it('is read back as it was said', () => {
    const keystone = { service: 'keystone', provides: 'identity', requires: ['database', 'cache'] };
    expect(publishedService(publish(keystone))).toEqual(keystone);
    expect(publishedService(publish({ service: 'horizon' }))).toEqual({ service: 'horizon', requires: [] });
  });

  it('is nothing on other CRDs', () => {
    expect(publishedService({ labels: { [labels.provides]: 'database' } })).toBeUndefined();
    expect(publishedService({})).toBeUndefined();
  });
});

describe('reasons', () => {
  it.each(Object.entries(reasons))('%s is a constant with a meaning', (name, reason) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(reason.meaning).toMatch(/\.$/);
    expect(Reason[name as Reason]).toBe(name);
  });

  it('that say that something failed also say what helps', () => {
    const silent = Object.entries(reasons).filter(([, reason]) => reason.state === 'Failed' && !('remedy' in reason));
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it('of a newer version are no failure', () => {
    expect(stateOfReason('JobFailed')).toBe('Failed');
    expect(stateOfReason('SomethingNew')).toBe('Waiting');
    expect(stateOfReason('toString')).toBe('Waiting');
  });
});
