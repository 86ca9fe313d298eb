// Which fields a write would change, in words that may be shown to anybody.
import { Secret, type KubeObject, type Resource } from '@stackwright/kube';
import { scrub } from '@stackwright/core';
import { differences, valueAt } from '../evaluate/compare.js';
import { managersOf } from '../write/field-managers.js';
import { isSameResource } from '../declare/graph.js';
import { defaultNames, type Names } from '../declare/names.js';
import { formatPath, type FieldPath } from '../evaluate/paths.js';
import { isSame } from '../evaluate/same.js';

export interface PlannedField {
  /** "spec.template.spec.containers[app].image". */
  readonly path: string;
  /** As JSON, shortened and without credentials; "(hidden)" in Secrets. Absent: not there. */
  readonly from?: string;
  /** The same; "(generated)" for what comes of chance when it is made. */
  readonly to?: string;
  /** Who owns the field now, where the object's managedFields are known. */
  readonly managers: readonly string[];
}

const hidden = '(hidden)';
const generated = '(generated)';
const longest = 120;
const secretNames = /(password|passwd|secret|token|credentials?|private[-_]?key)$/i;

/** What the engine notes for itself, and what the server sees to. */
const bookkeeping = ({ annotation: { owner, desiredHash, acceptedHash } }: Names) =>
  new Set([owner, desiredHash, acceptedHash].map((name) => formatPath(['metadata', 'annotations', name])));
const ofServer = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'deletionTimestamp',
]);

/** Status apart. `otherwise` is `after` as it was with other random numbers. */
export function changedFields(
  resource: Resource,
  before: Readonly<KubeObject>,
  after: Readonly<KubeObject>,
  otherwise?: Readonly<KubeObject>,
  names: Names = defaultNames,
): PlannedField[] {
  const paths = new Map<string, FieldPath>();
  for (const path of [...differences(resource, after, before), ...differences(resource, before, after)])
    paths.set(formatPath(path), path);
  const isSecret = isSameResource(resource, Secret);
  const notes = bookkeeping(names);
  return [...paths]
    .filter(
      ([text, [first, second]]) =>
        !notes.has(text) && !(first === 'metadata' && typeof second === 'string' && ofServer.has(second)),
    )
    .filter(([, [first]]) => first !== 'status')
    .map(([text, path]) => {
      const say = (value: unknown) => sayValue(value, path, isSecret);
      const [from, to] = [valueAt(resource, before, path), valueAt(resource, after, path)];
      const isKnown = !otherwise || isSame(to, valueAt(resource, otherwise, path));
      return {
        path: text,
        ...(from === undefined ? {} : { from: say(from) }),
        ...(to === undefined ? {} : { to: isKnown ? say(to) : generated }),
        managers: managersOf(before, path),
      };
    });
}

function sayValue(value: unknown, path: FieldPath, isSecret: boolean): string {
  if (isSecret || isSecretField(path)) return hidden;
  // Text by text: what is masked across a quote is JSON no more.
  const text = JSON.stringify(value, (name, inner: unknown) => {
    const shown = hideSecrets(name, inner);
    return typeof shown === 'string' ? scrub(shown) : shown;
  });
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** A field called so, or an environment variable: "containers[app].env[DB_PASSWORD].value". */
function isSecretField(path: FieldPath): boolean {
  // Of a volume: which Secret it is may be known.
  if (path.at(-1) === 'secretName') return false;
  return path.some((segment) =>
    typeof segment === 'object'
      ? Object.values(segment).some((value) => typeof value === 'string' && secretNames.test(value))
      : typeof segment === 'string' && secretNames.test(segment),
  );
}

function hideSecrets(name: string, value: unknown): unknown {
  if (typeof value === 'string' && secretNames.test(name)) return hidden;
  const isVariable = typeof value === 'object' && value !== null && 'name' in value && 'value' in value;
  if (!isVariable || typeof value.name !== 'string' || !secretNames.test(value.name)) return value;
  return { ...value, value: hidden };
}
