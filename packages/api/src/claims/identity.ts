import { Type } from '@sinclair/typebox';
import { defineCustomResource, ListSet, type ObjectOf } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { printerColumns, secretColumn } from '../schema/columns.js';
import { deletionPolicy, objectName } from '../schema/fields.js';
import { statusOf } from '../schema/status.js';
import { credentialSpec, credentialStatus } from './credentials.js';

const identityName = (description: string, options: { default?: string } = {}) =>
  Type.String({ description, minLength: 1, maxLength: 64, pattern: '^[^\\s/]+$', ...options });

const url = (description: string) =>
  Type.Optional(Type.String({ description, maxLength: 2048, pattern: '^https?://[^\\s]+$' }));

export const IdentityClaim = defineCustomResource({
  group: groups.claims,
  version,
  kind: 'IdentityClaim',
  plural: 'identityclaims',
  categories: [category],
  description:
    "Asks for a service's place in the identity service: its user with roles, its entry in the catalog, and its " +
    'endpoints. When Ready, the Secret named in the status holds the credentials: auth_url, username, password, ' +
    'project_name, user_domain_name, project_domain_name and region_name.',
  spec: Type.Object({
    provider: objectName('The Keystone to use, in the same namespace.', { default: 'keystone' }),
    user: Type.Object(
      {
        name: identityName('Name of the service user; one claim per name and provider.'),
        project: identityName('Project on which the user has its roles.', { default: 'service' }),
        domain: identityName('Domain of user and project.', { default: 'Default' }),
        roles: ListSet(identityName('Name of a role.'), {
          description: 'Roles of the user on the project.',
          minItems: 1,
          default: ['admin', 'service'],
        }),
      },
      { description: 'The user as which the service calls others.' },
    ),
    service: Type.Optional(
      Type.Object(
        {
          type: identityName('Type in the catalog, as the service types authority names it: "placement".'),
          name: identityName('Name in the catalog.'),
          endpoints: Type.Object(
            {
              public: url('URL for users.'),
              internal: url('URL for services.'),
              admin: url('URL for administration, where a service still has one.'),
            },
            { description: 'URL per interface. Those left out do not exist.', minProperties: 1 },
          ),
        },
        { description: "The service's entry in the catalog; absent: only a user is wanted." },
      ),
    ),
    ...credentialSpec,
    deletionPolicy: deletionPolicy(),
  }),
  status: statusOf({
    secretName: Type.Optional(
      Type.String({ description: 'The Secret with the credentials; it exists once the claim is Ready.' }),
    ),
    ...credentialStatus,
  }),
  printerColumns: printerColumns(
    { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
    { name: 'User', type: 'string', jsonPath: '.spec.user.name' },
    secretColumn,
  ),
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
