import { DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { crdOf } from '@stackwright/kube';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  connectionSecret,
  formerSecretName,
  generationOf,
  generationOfSecret,
  isUserOf,
  secretName,
  secretSorts,
  userName,
} from './names.js';

const endings = [
  '',
  '-deadbeef',
  '.deadbeef',
  '-password',
  '-domain',
  '-application',
  '-connection',
  '-password-deadbeef',
];
/** Names of objects, with what ours end in among them. */
const claimName = fc
  .tuple(
    fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?(\.[a-z0-9]{1,3})?$/),
    fc.constantFrom(...endings),
    fc.constantFrom(...endings),
  )
  .map((parts) => parts.join(''));
const rotation = fc.option(fc.string({ minLength: 1, maxLength: 8 }), { nil: undefined });
const generation = fc
  .tuple(rotation, fc.boolean())
  .map(([value, wasFormer]) => ({ value, isFormer: wasFormer, names: generationOf(value, () => wasFormer) }));

/** All that there may be of a claim, but for what versions before left. */
const secretsOf = (claim: string, value: string | undefined): string[] => [
  connectionSecret(claim),
  ...secretSorts.flatMap((sort) => [undefined, value].map((one) => secretName(claim, sort, generationOf(one)))),
];

/** The pattern that the CRD has for a field. */
function patternOf(kind: Parameters<typeof crdOf>[0], ...path: readonly string[]): RegExp {
  interface Schema {
    pattern?: string;
    properties?: Record<string, Schema>;
  }
  let schema = crdOf(kind).spec.versions[0]?.schema?.openAPIV3Schema as Schema | undefined;
  for (const field of ['spec', ...path]) schema = schema?.properties?.[field];
  if (schema?.pattern === undefined) throw new Error(`spec.${path.join('.')} has no pattern`);
  return new RegExp(schema.pattern);
}

describe('Secrets of claims', () => {
  it('are those of no claim of another name, whatever the names and the generations', () => {
    fc.assert(
      fc.property(claimName, claimName, rotation, rotation, (one, other, first, second) => {
        fc.pre(one !== other);
        const theirs = new Set(secretsOf(other, second));
        expect(secretsOf(one, first).filter((name) => theirs.has(name))).toEqual([]);
      }),
    );
  });

  it('say which generation they keep, also those of versions before', () => {
    fc.assert(
      fc.property(claimName, fc.constantFrom(...secretSorts), generation, (claim, sort, { names }) => {
        expect(generationOfSecret(claim, sort, secretName(claim, sort, names))).toEqual(names);
        const former = formerSecretName(claim, sort, names);
        if (former !== undefined) expect(generationOfSecret(claim, sort, former)).toEqual(names);
        for (const other of secretSorts.filter((one) => one !== sort)) {
          expect(generationOfSecret(claim, other, secretName(claim, sort, names))).toBeUndefined();
        }
      }),
    );
  });

  it('have names that Kubernetes takes', () => {
    fc.assert(
      fc.property(claimName, rotation, (claim, value) => {
        for (const name of secretsOf(claim, value))
          expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
      { examples: [['a', '2026-11']] },
    );
  });
});

describe('users of later generations', () => {
  it.each([
    ['database', patternOf(DatabaseClaim, 'database')],
    ['virtual host', patternOf(MessagingClaim, 'vhost')],
    ['user', patternOf(IdentityClaim, 'user', 'name')],
    ['administrator of a domain', patternOf(IdentityClaim, 'domainAdmin', 'user')],
  ])('have a name that no claim can choose for its %s', (_what, pattern) => {
    fc.assert(
      fc.property(
        fc.stringMatching(pattern),
        fc.stringMatching(pattern),
        rotation,
        rotation,
        (one, other, mine, theirs) => {
          const user = userName(one, generationOf(mine));
          if (mine !== undefined) expect(user).not.toMatch(pattern);
          if (one !== other) expect(user).not.toBe(userName(other, generationOf(theirs)));
        },
      ),
      { examples: [['billing', 'billing-54e124cc', '2026-11', undefined]] },
    );
  });

  it('are told from those of other first ones; those of versions before are known by their mark on the server', () => {
    fc.assert(
      fc.property(claimName, claimName, generation, (one, other, { names, isFormer, value }) => {
        expect(isUserOf(one, userName(one, names))).toBe(true);
        expect(isUserOf(one.toUpperCase(), userName(one, names), { ignoreCase: true })).toBe(true);
        if (one !== other && !(isFormer && value !== undefined) && !/-[0-9a-f]{8}$/.test(other)) {
          expect(isUserOf(one, userName(other, names))).toBe(false);
        }
      }),
    );
  });
});
