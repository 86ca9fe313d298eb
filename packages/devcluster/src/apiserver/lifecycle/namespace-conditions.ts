// What a namespace that is being deleted says of itself, in the words of a real namespace controller.
import type { Condition } from '@stackwright/kube';
import type { ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';

/** What is left in it, by resource. */
export type Remaining = ReadonlyMap<ServedResource, readonly ApiObject[]>;

interface Finding {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

/** Those that were, with what is found now; the very same list where nothing differs. `now` as the API writes times. */
export function deletionConditions(
  before: readonly Condition[],
  remaining: Remaining,
  refused: Error | undefined,
  now: string,
): readonly Condition[] {
  const found = findings(remaining, refused);
  const differs = found.some(({ type, ...finding }) => {
    const old = before.find((one) => one.type === type);
    return !old || old.status !== finding.status || old.reason !== finding.reason || old.message !== finding.message;
  });
  if (!differs) return before;
  return found.map((finding) => {
    const old = before.find(({ type }) => type === finding.type);
    return { ...finding, lastTransitionTime: old?.status === finding.status ? (old.lastTransitionTime ?? now) : now };
  });
}

function findings(remaining: Remaining, refused: Error | undefined): Finding[] {
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    refused
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, 1 remaining: ${refused.message}`,
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        },
    contentRemaining(remaining),
    finalizersRemaining(remaining),
  ];
}

function contentRemaining(remaining: Remaining): Finding {
  const type = 'NamespaceContentRemaining';
  const left = [...remaining]
    .filter(([, objects]) => objects.length > 0)
    .map(([{ plural, group }, objects]) => `${plural}.${group} has ${objects.length} resource instances`);
  return left.length === 0
    ? { type, status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' }
    : {
        type,
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: `Some resources are remaining: ${left.sort().join(', ')}`,
      };
}

function finalizersRemaining(remaining: Remaining): Finding {
  const type = 'NamespaceFinalizersRemaining';
  const counts = new Map<string, number>();
  for (const { metadata } of [...remaining.values()].flat()) {
    for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  if (counts.size === 0) {
    return {
      type,
      status: 'False',
      reason: 'ContentHasNoFinalizers',
      message: 'All content-preserving finalizers finished',
    };
  }
  const left = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return {
    type,
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message: `Some content in the namespace has finalizers remaining: ${left.sort().join(', ')}`,
  };
}
