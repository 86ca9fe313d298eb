import { stringify } from 'yaml';

/** One YAML document per object, as `kubectl apply -f -` takes them. Lines are not folded, nothing is aliased. */
export function toYaml(...objects: readonly object[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}
