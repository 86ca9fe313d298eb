// Volumes that a user adds to a service's containers (spec.extraVolumes).
import { labels, Reason, type ExtraVolume } from '@stackwright/api';
import {
  done,
  failed,
  hashOf,
  waiting,
  type GraphBuilder,
  type Outcome,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import {
  apiVersionOf,
  ConfigMap,
  PersistentVolumeClaim,
  Secret,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { secretHash } from '../secrets/hash.js';
import { usableSecret } from '../secrets/usable-by.js';
import type { Mount } from '../workload/mounts.js';
import type { Release, ServiceObject, Volume } from './builder.js';

interface Extra {
  mount: Mount;
  /** Of what it holds, where that is known. */
  hash?: string;
  isShared: boolean;
}

/**
 * Step 'ExtraVolumes': Done when all of them are there and may be used. Whoever may create the object may have a program of
 * his own run in its Pods (spec.image): what they mount is as good as read by him. So Secrets and PersistentVolumeClaims must be
 * offered, although the controller itself reads nothing of theirs.
 */
export function extraVolumesStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
): StepHandle<Volume> {
  return g.step({
    name: 'ExtraVolumes',
    after: [release],
    reads: [Secret, ConfigMap, PersistentVolumeClaim],
    run(scope): Outcome<Volume> {
      const { service } = scope.output(release);
      const extras: Extra[] = [];
      for (const volume of scope.object.spec.extraVolumes ?? []) {
        const extra = extraOf(scope, service, volume);
        if (extra.state !== 'Done') return extra;
        extras.push(extra.output);
      }
      const hashes = extras.map(({ hash }) => hash);
      return done({
        mounts: extras.map(({ mount }) => mount),
        isShared: extras.every(({ isShared }) => isShared),
        ...(hashes.some((hash) => hash !== undefined) ? { hash: hashOf(hashes) } : {}),
      });
    },
  });
}

function extraOf<R extends ServiceObject>(scope: StepScope<R>, service: string, volume: ExtraVolume): Outcome<Extra> {
  const { mountPath: path, subPath: file, readOnly, secret, configMap, persistentVolumeClaim } = volume;
  const field = `spec.extraVolumes[${path}]`;
  const mount: Mount = { path, readOnly, field, ...(file === undefined ? {} : { file }) };
  if (secret) {
    const usable = usableSecret(scope, { name: secret.secretName, service, field });
    if (usable.state !== 'Done') return usable;
    const { metadata, data } = usable.output;
    return done({
      mount: { ...mount, secret: secret.secretName },
      hash: secretHash(metadata?.uid ?? '', data),
      isShared: true,
    });
  }
  if (configMap) {
    const found = existing(scope, ConfigMap, configMap.name, field);
    if (found.state !== 'Done') return found;
    const { data, binaryData } = found.output;
    return done({ mount: { ...mount, configMap: configMap.name }, hash: hashOf([data, binaryData]), isShared: true });
  }
  const claim = persistentVolumeClaim?.claimName ?? '';
  const found = existing(scope, PersistentVolumeClaim, claim, field);
  if (found.state !== 'Done') return found;
  if (found.output.metadata?.labels?.[labels.usableBy] !== service) {
    const remedy = `if it is meant for it, label it ${labels.usableBy}=${service}`;
    const message = `PersistentVolumeClaim ${claim} (${field}) is not offered for this use; ${remedy}`;
    return failed(Reason.SecretNotOffered, message, { on: referenceOf(scope, PersistentVolumeClaim, claim) });
  }
  const modes = found.output.spec?.accessModes ?? [];
  const isShared = modes.includes('ReadWriteMany') || (readOnly && modes.includes('ReadOnlyMany'));
  return done({ mount: { ...mount, claim }, isShared });
}

function existing<R extends ServiceObject, T extends KubeObject>(
  scope: StepScope<R>,
  resource: Resource<T>,
  name: string,
  field: string,
): Outcome<Readonly<T>> {
  const found = scope.get(resource, name);
  if (found) return done(found);
  const on = referenceOf(scope, resource, name);
  return waiting(Reason.WaitingForObject, `${resource.kind} ${name} (${field}) does not exist`, { on });
}

const referenceOf = <R extends ServiceObject>({ namespace }: StepScope<R>, resource: Resource, name: string) => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  name,
  namespace,
});
