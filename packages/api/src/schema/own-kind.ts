import type { TObject, TProperties } from '@sinclair/typebox';
import { defineCustomResource, type CustomResourceOptions, type PrinterColumn } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { publish, type PublishedService } from '../published.js';
import { longestName, serviceNameRule, type DerivedNames } from './names.js';
import { volumeRule } from './storage.js';
import { availableColumn, endpointColumn, pausedColumn, printerColumns } from './columns.js';

export interface OwnKind<Spec extends TObject<TProperties>> extends Partial<Omit<PublishedService, 'service'>> {
  /** "MariaDB": then the service is "mariadb", and its group "mariadb.stackwright.dev". */
  kind: string;
  description: string;
  spec: Spec;
  scale?: CustomResourceOptions['scale'];
  /** What is named after its objects. Default: a Service of its name. */
  names?: DerivedNames;
  /** Where its spec says how large its volume is: "storage". `status.storage` says how large that is by now. */
  volume?: string;
}

/** The kind that a controller of its own runs: names, endpoint and columns are the same for all. */
export function defineOwnKind<Spec extends TObject<TProperties>, Status extends TObject<TProperties>>(
  { kind, description, spec, scale, names = {}, volume, ...published }: OwnKind<Spec>,
  status: Status,
  column: PrinterColumn,
) {
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
    status,
    printerColumns: printerColumns(availableColumn, column, endpointColumn, pausedColumn),
    ...(scale ? { scale } : {}),
    rules: [...serviceNameRule(longestName(names)), ...(volume === undefined ? [] : [volumeRule(volume)])],
  });
}
