import { Type, type SchemaOptions } from '@sinclair/typebox';
import { ListSet, StringEnum, type ObjectOf } from '@stackwright/kube';
import { immutable } from '../schema/fields.js';
import { credentialClaimStatus, defineClaimKind, providerName } from './claim.js';
import { credentialSpec } from './credentials.js';

const identityName = (description: string, options: SchemaOptions = {}) =>
  Type.String({ description, minLength: 1, maxLength: 64, pattern: '^[^\\s/]+$', ...options });

/** Keystone's own administrator is nobody's service user. Names there know no case. */
const userName = (description: string, options: SchemaOptions = {}) =>
  identityName(description, { not: { pattern: '^[Aa][Dd][Mm][Ii][Nn]$' }, ...options });

const url = (description: string) =>
  Type.Optional(Type.String({ description, maxLength: 2048, pattern: '^https?://[^\\s]+$' }));

export const IdentityClaim = defineClaimKind({
  kind: 'IdentityClaim',
  description:
    "Asks for a service's place in the identity service: its user with roles, its entry in the catalog, and its " +
    'endpoints. When Ready, the Secret named in the status holds the credentials: auth_url, username, password, ' +
    'project_name, user_domain_name, project_domain_name and region_name.',
  spec: Type.Object(
    {
      provider: providerName('Keystone', 'to use', immutable('the provider of an identity')),
      user: Type.Object(
        {
          name: userName(
            'Name of the service user; one claim per name and provider. Users of later credentials have it with an ending.',
            immutable('the name of a service user'),
          ),
          project: identityName('Project on which the user has its roles. It is made where it is missing.', {
            default: 'service',
            ...immutable('the project of a service user'),
          }),
          domain: identityName('Domain of user and project. It is made where it is missing.', {
            default: 'Default',
            ...immutable('the domain of a service user'),
          }),
          roles: ListSet(identityName('Name of a role.'), {
            description:
              'Roles of the user on the project, these and no others. One that Keystone does not have is made. With `service` it may ask ' +
              'whose a token is; `admin` makes it an administrator of the whole cloud.',
            minItems: 1,
            maxItems: 16,
            default: ['service'],
          }),
        },
        { description: 'The user as which the service calls others.' },
      ),
      service: Type.Optional(
        Type.Object(
          {
            type: identityName(
              'Type in the catalog, as the service types authority names it: "placement". One claim per type and provider.',
              { not: { enum: ['identity'] }, ...immutable('the type of a service') },
            ),
            name: identityName('Name in the catalog.'),
            endpoints: Type.Object(
              {
                public: url('URL for users.'),
                internal: url('URL for services.'),
                admin: url('URL for administration, where a service still has one.'),
              },
              {
                description: "URL per interface, in the Keystone's region. Those left out do not exist.",
                minProperties: 1,
              },
            ),
          },
          { description: "The service's entry in the catalog; absent: only a user is wanted." },
        ),
      ),
      applicationCredential: Type.Optional(
        Type.Boolean({
          description:
            'true: the Secret also holds an application credential of the user on the project, with the same roles: ' +
            'application_credential_id and application_credential_secret. It rotates with the user. Default false.',
        }),
      ),
      domainAdmin: Type.Optional(
        Type.Object(
          {
            domain: identityName('Name of the domain. It is made where it is missing, and never removed.', {
              not: { pattern: '^[Dd][Ee][Ff][Aa][Uu][Ll][Tt]$' },
              ...immutable('the domain of a domain administrator'),
            }),
            user: userName(
              'Name of the administrator, a user of that domain.',
              immutable('the name of a domain administrator'),
            ),
          },
          {
            description:
              'An administrator of a domain of its own, for a service that makes users there (heat). The Secret also holds ' +
              'domain_name, domain_admin_username and domain_admin_password. It rotates with the user.',
          },
        ),
      ),
      ...credentialSpec,
      deletionPolicy: StringEnum(['Delete', 'Retain'], {
        description:
          'What becomes of users and passwords when the claim is deleted: Delete removes those of this claim, and no others; ' +
          'Retain keeps them, and a claim of the same name made later takes them up again. Its entry in the catalog and its ' +
          'endpoints go in any case, since they lead nowhere any more; domains, projects and roles always stay.',
        default: 'Delete',
      }),
    },
    {
      'x-kubernetes-validations': [
        {
          rule: '!has(self.domainAdmin) || self.domainAdmin.domain != self.user.domain',
          message: 'domainAdmin needs a domain of its own, other than that of the user',
        },
        {
          rule: '!has(oldSelf.service) || has(self.service)',
          message: 'service cannot be taken away: delete the claim and make another one',
        },
        {
          rule: '!has(oldSelf.domainAdmin) || has(self.domainAdmin)',
          message: 'domainAdmin cannot be taken away: delete the claim and make another one',
        },
      ],
    },
  ),
  status: credentialClaimStatus,
  column: { name: 'User', jsonPath: '.spec.user.name' },
});
export type IdentityClaim = ObjectOf<typeof IdentityClaim>;

/** Keys of the Secret that fulfils an IdentityClaim; with `ca.crt` besides where Keystone's certificate needs it. */
export const identityConnectionKeys = [
  'auth_url',
  'username',
  'password',
  'project_name',
  'user_domain_name',
  'project_domain_name',
  'region_name',
] as const;
export type IdentityConnection = Record<(typeof identityConnectionKeys)[number], string>;

/** Keys besides, for `spec.applicationCredential`. */
export const applicationCredentialKeys = ['application_credential_id', 'application_credential_secret'] as const;
/** Keys besides, for `spec.domainAdmin`. */
export const domainAdminKeys = ['domain_name', 'domain_admin_username', 'domain_admin_password'] as const;
