// What to do about a root cause: in words, as a command, and where to read on.
import { reasons, type ReasonDoc } from '@stackwright/api';
import { groupOf, isOurGroup } from '../observe/objects.js';
import { rootOf, type Chain, type Link } from '@stackwright/graph';

export interface Advice {
  remedy?: string;
  /** To be run in a shell. */
  command?: string;
  /** Path in the documentation. */
  document?: string;
}

export function adviceFor(chain: Chain, namespace: string): Advice {
  const root = rootOf(chain);
  if (root.state === 'Ready') return {};
  // Kubernetes' own reasons at the root (ErrImageNeverPull) have their remedy with ours above them (ImagePullFailed).
  const documented = [...chain]
    .reverse()
    .find(({ object, reason }) => isOurGroup(groupOf(object.apiVersion)) && docOf(reason)?.remedy !== undefined);
  const remedy = documented && docOf(documented.reason)?.remedy;
  return {
    ...(remedy === undefined ? {} : { remedy }),
    command: commandFor(root, namespace),
    ...(documented ? { document: `docs/reference/reasons.md#${documented.reason.toLowerCase()}` } : {}),
  };
}

const docOf = (reason: string): ReasonDoc | undefined =>
  reason in reasons ? reasons[reason as keyof typeof reasons] : undefined;

function commandFor({ object, state, reason, container, restarted }: Link, namespace: string): string {
  const kubectl = `kubectl -n ${object.namespace ?? namespace}`;
  const { kind, name } = object;
  if (state === 'Missing' && kind === 'Secret') return `${kubectl} create secret generic ${name} --from-literal=…`;
  if (state === 'Missing') return `${kubectl} get ${resourceName(object.apiVersion, kind)}`;
  if (kind === 'Pod' && container !== undefined && (reason === 'Error' || restarted)) {
    return `${kubectl} logs ${name} -c ${container}${restarted ? ' --previous' : ''}`;
  }
  return `${kubectl} describe ${resourceName(object.apiVersion, kind)} ${name}`;
}

const resourceName = (apiVersion: string, kind: string): string => {
  const group = groupOf(apiVersion);
  return isOurGroup(group) ? `${kind}.${group}`.toLowerCase() : kind.toLowerCase();
};
