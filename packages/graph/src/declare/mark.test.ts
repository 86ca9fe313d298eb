import { ConfigMap, PersistentVolumeClaim, Secret, defineResource } from '@stackwright/kube';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { claimName, identityOf, isSameIdentity, markOf, parseMark, speaksOf } from './mark.js';
import { labelValue } from './names.js';

/** Kubernetes refuses slashes in all of these, and nothing else that matters here. */
const name = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
  fc.stringMatching(/^[a-z]{60,64}(-a|-b|\.c)?$/),
  fc.constantFrom('a', 'a.b', 'a-b', 'a:b', 'a b', 'sample', 'sample-0'),
);
const identity = fc.record({
  group: fc.constantFrom('', 'one.example', 'other.example', 'example'),
  kind: fc.constantFrom('Database', 'Databases', 'Secret'),
  namespace: fc.constantFrom('', 'a', 'b'),
  name,
});
const mark = fc.record({ managedBy: fc.constantFrom('stackwright', 'acme'), owner: identity, child: identity });

it('no two owners, managers or children have one mark, and each is read as it was written', () => {
  fc.assert(
    fc.property(mark, mark, (one, other) => {
      const isSame =
        one.managedBy === other.managedBy &&
        isSameIdentity(one.owner, other.owner) &&
        isSameIdentity(one.child, other.child);
      expect(markOf(one) === markOf(other)).toBe(isSame);
      expect(parseMark(markOf(one))).toEqual(one);
    }),
  );
});

it('a mark speaks of the object that has its name, and of no copy', () => {
  const kinds = fc.constantFrom(ConfigMap, Secret);
  fc.assert(
    fc.property(kinds, kinds, name, name, fc.constantFrom('a', 'b'), (kind, otherKind, one, other, namespace) => {
      const child = { metadata: { namespace: 'a', name: one } };
      const copy = { metadata: { namespace, name: other } };
      const isSame = kind === otherKind && one === other && namespace === 'a';
      const written = { managedBy: 'm', owner: identityOf(Secret, child), child: identityOf(kind, child) };
      expect(speaksOf(written, otherKind, copy)).toBe(isSame);
    }),
  );
});

it('the mark of a template speaks of the claims that are made of it', () => {
  const object = (claim: string) => ({ metadata: { namespace: 'a', name: claim } });
  const child = identityOf(PersistentVolumeClaim, object(claimName('data', 'db')));
  const written = { managedBy: 'm', owner: child, child };
  const claims = ['data-db-0', 'data-db-12', 'data-db', 'data-db-x', 'data-db-1-0', 'data-other-0', 'more-data-db-0'];
  expect(claims.filter((claim) => speaksOf(written, PersistentVolumeClaim, object(claim)))).toEqual(claims.slice(0, 2));
  expect(speaksOf(written, Secret, object('data-db-0'))).toBe(false);
});

it('long names have labels of their own', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(labelValue(one).length).toBeLessThanOrEqual(63);
      expect(labelValue(one)).toMatch(/^[A-Za-z0-9]/);
      if (one !== other) expect(labelValue(one)).not.toBe(labelValue(other));
    }),
  );
});

it('versions of a kind are the same kind', () => {
  const of = (version: string) =>
    defineResource({ group: 'one.example', version, kind: 'Database', plural: 'databases', namespaced: true });
  const object = { metadata: { namespace: 'a', name: 'b' } };
  expect(isSameIdentity(identityOf(of('v1'), object), identityOf(of('v2'), object))).toBe(true);
});
