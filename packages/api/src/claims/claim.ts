// What all claims have in common.
import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { defineCustomResource, StringMap, type PrinterColumn } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { printerColumns, secretColumn } from '../schema/columns.js';
import { keyLength, longestKey, objectName } from '../schema/fields.js';
import { longestClaimName, nameLengthRule } from '../schema/names.js';
import { statusOf } from '../schema/status.js';
import { credentialStatus } from './credentials.js';

export interface ClaimKind<Spec extends TObject<TProperties>, Status extends TObject<TProperties>> {
  /** "DatabaseClaim" */
  kind: string;
  shortNames?: string[];
  description: string;
  spec: Spec;
  /** `claimStatus`, or `credentialClaimStatus` of claims that hand out credentials. */
  status: Status;
  /** What is asked for, where that has a name: a column of `kubectl get` after the provider's. */
  column?: Pick<PrinterColumn, 'name' | 'jsonPath'>;
}

/** Of the Secrets that providers name after a claim, later generations of passwords among them. */
const secretEndings = ['-connection', '-application-secret.00000000', '-domain-password-00000000'];

/** The kind of a claim: it names a provider, and is fulfilled by a Secret. */
export function defineClaimKind<Spec extends TObject<TProperties>, Status extends TObject<TProperties>>({
  kind,
  column,
  ...given
}: ClaimKind<Spec, Status>) {
  const columns: PrinterColumn[] = column ? [{ ...column, type: 'string' }] : [];
  return defineCustomResource({
    group: groups.claims,
    version,
    kind,
    plural: `${kind.toLowerCase()}s`,
    categories: [category],
    ...given,
    rules: [nameLengthRule(longestClaimName(secretEndings))],
    printerColumns: printerColumns(
      { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
      ...columns,
      secretColumn,
    ),
  });
}

const secretName = Type.Optional(
  Type.String({ description: 'The Secret that fulfils the claim; it exists once the claim is Ready.', maxLength: 253 }),
);

export const claimStatus = statusOf({ secretName });
const credentialFields = { secretName, ...credentialStatus };
export const credentialClaimStatus = statusOf(credentialFields);

/** Of a claim for data: `databaseId` in SQL. */
export const dataClaimStatus = statusOf({
  ...credentialFields,
  databaseId: Type.Optional(
    Type.String({
      description:
        'Id of the database that the claim got, which stands in the database, too. Without it on the server nothing is made anew: see the ' +
        'annotation stackwright.dev/accept-new-database.',
      maxLength: 253,
    }),
  ),
});

/** And of one for a virtual host. */
export const vhostClaimStatus = statusOf({
  ...credentialFields,
  vhostId: Type.Optional(
    Type.String({
      description:
        'Id of the virtual host that the claim got, which is one of its tags, too. One with another id, or one in use without any, is not ' +
        'taken for it: see the annotation stackwright.dev/accept-virtual-host.',
      maxLength: 253,
    }),
  ),
});

/** In the spec of a claim for a server. Which Pods use it is known of an object of ours that has made the claim. */
export const consumerSpec = {
  podSelector: Type.Optional(
    Type.Object(
      {
        matchLabels: StringMap(
          {
            description: 'Labels, all of which the Pods have.',
            minProperties: 1,
            maxProperties: 16,
            'x-kubernetes-map-type': 'atomic',
            'x-kubernetes-validations': [keyLength(longestKey)],
          },
          { maxLength: 63 },
        ),
      },
      {
        description:
          "Pods of the namespace that use what is claimed: the server's NetworkPolicy lets them in, besides those of the object " +
          'that made the claim. For claims made by hand.',
      },
    ),
  ),
};

/** `spec.provider`: of a `kind`, which by default has the name of its kind. */
export const providerName = (kind: string, does: string, options: object = {}) =>
  objectName(`The ${kind} ${does}, in the same namespace.`, { default: kind.toLowerCase(), ...options });
