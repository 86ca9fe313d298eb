import { stringify } from 'yaml';

/**
 * One YAML document per object, as `kubectl apply -f -` takes them. Lines are not folded, nothing is aliased. kubectl
 * reads YAML 1.1, where `yes` and `on` are booleans: as strings they are quoted.
 */
export function toYaml(...objects: readonly object[]): string {
  const options = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
  return objects.map((object) => stringify(object, options)).join('---\n');
}
