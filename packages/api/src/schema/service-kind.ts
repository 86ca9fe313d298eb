import { Type, type TObject, type TProperties } from '@sinclair/typebox';
import { defineCustomResource } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { publish } from '../published.js';
import { endpointColumn, pausedColumn, printerColumns, releaseColumn } from './columns.js';
import { statusOf } from './status.js';

export interface ServiceKind<Spec extends TObject<TProperties>> {
  /** "Placement": then the service is "placement", and its group "placement.stackwright.dev". */
  kind: string;
  description: string;
  /** The role that it plays for others, where it plays one. */
  provides?: string;
  /** Roles and services without which it does not become ready. */
  requires: readonly string[];
  /** `serviceSpec`, and its own fields besides. */
  spec: Spec;
}

/** The kind of an OpenStack service: names, status and columns are the same for all. */
export function defineServiceKind<Spec extends TObject<TProperties>>(options: ServiceKind<Spec>) {
  const { kind, description, spec, ...published } = options;
  const service = kind.toLowerCase();
  return defineCustomResource({
    group: groups.of(service),
    version,
    kind,
    plural: `${service}s`,
    categories: [category],
    ...publish({ service, ...published }),
    description,
    spec,
    status: statusOf({
      endpoint: Type.Optional(Type.String({ description: 'URL of the API inside the cluster, once it answers.' })),
      release: Type.Optional(Type.String({ description: 'Release that runs.' })),
    }),
    printerColumns: printerColumns(releaseColumn, endpointColumn, pausedColumn),
  });
}
