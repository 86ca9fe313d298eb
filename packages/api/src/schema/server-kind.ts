import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { defineCustomResource } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { publish } from '../published.js';
import { endpointColumn, pausedColumn, printerColumns } from './columns.js';
import { immutable, secretReference, storageSize } from './fields.js';
import { statusOf } from './status.js';

export interface ServerKind<Spec extends TObject<TProperties>> {
  /** "MariaDB": then the service is "mariadb", and its group "mariadb.stackwright.dev". */
  kind: string;
  description: string;
  /** The role that it plays for services, whose claims name it as their provider. */
  provides: string;
  /** `workloadSpec`, and its own fields besides. */
  spec: Spec;
}

/** The kind of a server that services stand on (a database, a broker, a cache): names, status and columns are the same for all. */
export function defineServerKind<Spec extends TObject<TProperties>>(options: ServerKind<Spec>) {
  const { kind, description, provides, spec } = options;
  const service = kind.toLowerCase();
  return defineCustomResource({
    group: groups.of(service),
    version,
    kind,
    plural: `${service}s`,
    categories: [category],
    ...publish({ service, provides }),
    description,
    spec,
    status: statusOf({
      endpoint: Type.Optional(Type.String({ description: 'host:port of each server, separated by commas.' })),
      version: Type.Optional(Type.String({ description: 'Version that the server says it has, where it is asked.' })),
    }),
    printerColumns: printerColumns(
      { name: 'Version', type: 'string', jsonPath: '.status.version' },
      endpointColumn,
      pausedColumn,
    ),
  });
}

/** In the spec of a server that may run elsewhere. */
export const externalServer = (service: string, description: string, secret: string) =>
  Type.Optional(
    Type.Object(
      {
        secretRef: secretReference(`${secret} It must carry the label stackwright.dev/usable-by=${service}.`),
      },
      { description: `${description} Nothing is run here; all fields about running one are ignored.` },
    ),
  );

/** `spec.storage` of a server with data. */
export const volumeSize = (holds: string) =>
  storageSize(
    `Size of the volume that holds ${holds}. It cannot be changed later.`,
    '10Gi',
    immutable('the size of the volume'),
  );
