// The CustomResourceDefinition of a kind that `defineCustomResource` made.
import type { CustomResourceDefinition } from '../resources/builtin.js';
import type { CustomResourceOptions } from './options.js';
import { SchemaError, structuralSchema } from './schema.js';
import type { StructuralSchema } from './structural.js';

export function crdOf({ definition }: { readonly definition: CustomResourceOptions }): CustomResourceDefinition {
  const { group, version, kind, plural, labels, annotations, scale } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // Who applies an empty map owns it, and is in the way of whoever applies the same.
      ...(hasEntries(labels) && { labels: { ...labels } }),
      ...(hasEntries(annotations) && { annotations: { ...annotations } }),
    },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(definition.shortNames?.length && { shortNames: [...definition.shortNames] }),
        ...(definition.categories?.length && { categories: [...definition.categories] }),
      },
      scope: (definition.namespaced ?? true) ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          // kubernetes-types leaves the x-kubernetes-* extensions out.
          schema: { openAPIV3Schema: schemaOf(definition) as object },
          subresources: { status: {}, ...(scale && { scale: { ...scale } }) },
          ...(definition.printerColumns.length && {
            additionalPrinterColumns: definition.printerColumns.map((column) => ({ ...column })),
          }),
        },
      ],
    },
  };
}

/** The schema of the whole object. Throws a `SchemaError` that names all that is wrong with the definition. */
export function schemaOf(definition: CustomResourceOptions): StructuralSchema {
  const problems = nameProblems(definition);
  const spec = {
    description: `What is asked for of a ${definition.kind}. \`kubectl explain ${definition.plural}.spec --recursive\` names all fields.`,
    ...structuralSchema(definition.spec, 'spec', problems),
  };
  const status = {
    description: 'What there is, as its controller last saw it. It is written by that alone.',
    ...structuralSchema(definition.status, 'status', problems),
  };
  if (problems.length > 0) throw new SchemaError(`${definition.kind}.${definition.group}`, problems);
  return {
    type: 'object',
    description: definition.description,
    properties: {
      apiVersion: { type: 'string', description: 'The version of the schema of this object.' },
      kind: { type: 'string', description: 'The kind of this object.' },
      metadata: { type: 'object' },
      spec,
      status,
    },
    ...(spec.default === undefined && { required: ['spec'] }),
    ...(definition.rules?.length && { 'x-kubernetes-validations': [...definition.rules] }),
  };
}

function nameProblems({
  group,
  version,
  kind,
  plural,
  shortNames = [],
  printerColumns,
  scale,
}: CustomResourceOptions): string[] {
  const problems: string[] = [];
  const expect = (ok: boolean, text: string): void => void (ok || problems.push(text));
  const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
  expect(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/.test(group),
    `group: "${group}" is not a DNS name with a dot`,
  );
  expect(/^v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$/.test(version), `version: "${version}" is not like v1, v1beta2`);
  expect(/^[A-Z][A-Za-z0-9]{0,62}$/.test(kind), `kind: "${kind}" is not in PascalCase`);
  for (const name of [plural, ...shortNames])
    expect(label.test(name), `names: "${name}" is not a lower-case DNS label`);
  for (const { name, jsonPath } of printerColumns)
    expect(jsonPath.startsWith('.'), `printerColumns: the path of ${name} does not begin with a dot`);
  if (scale) {
    expect(scale.specReplicasPath.startsWith('.spec.'), 'scale: specReplicasPath does not begin with .spec.');
    expect(scale.statusReplicasPath.startsWith('.status.'), 'scale: statusReplicasPath does not begin with .status.');
  }
  return problems;
}

const hasEntries = (map: object | undefined): boolean => Object.keys(map ?? {}).length > 0;
