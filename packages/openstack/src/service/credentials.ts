// Credentials of claims, as their consumer sees them: Pods say in an annotation with which users they run, and by that is
// known when superseded ones are needed no more.
import { annotations } from '@stackwright/api';
import type { StepHandle, StepScope } from '@stackwright/graph';
import type { Pod } from '@stackwright/kube';
import type { ObjectPods } from '../workload/object-pods.js';
import type { Credentials, ServiceObject } from './builder.js';

/** What a step gives whose claim has credentials. */
export interface Claimed {
  /** Name of the claim. */
  claim: string;
  username: string;
  userId?: string;
  /** The authority that clients need, and where they find it, if it has one. */
  ca?: string;
  caFile?: string;
}

/** A file that containers need to trust what a claim gave. */
export interface Authority {
  /** Its key in a Secret: "identity-ca.crt". */
  key: string;
  path: string;
  content: string;
}

/** What comes, besides its own values, with the outputs of those steps of `after` whose claims have credentials. */
export function claimedIn<R extends ServiceObject>(
  scope: StepScope<R>,
  after: readonly StepHandle[],
): { credentials: Credentials; userIds: Credentials; authorities: readonly Authority[] } {
  const all = after.map((step) => scope.output(step)).filter(isClaimed);
  return {
    credentials: Object.fromEntries(all.map(({ claim, username }) => [claim, username])),
    userIds: Object.fromEntries(all.flatMap(({ claim, userId }) => (userId === undefined ? [] : [[claim, userId]]))),
    authorities: all.flatMap(({ claim, ca, caFile }) =>
      ca === undefined || caFile === undefined
        ? []
        : [{ key: `${claim.slice(scope.name.length + 1)}-ca.crt`, path: caFile, content: ca }],
    ),
  };
}

function isClaimed(output: unknown): output is Claimed {
  if (typeof output !== 'object' || output === null) return false;
  const { claim, username } = output as Partial<Record<keyof Claimed, unknown>>;
  return typeof claim === 'string' && typeof username === 'string';
}

/** For the template of Pods that have the configuration. */
export function credentialsAnnotation(credentials: Credentials = {}): Record<string, string> {
  const users = Object.entries(credentials).sort(([one], [other]) => (one < other ? -1 : 1));
  return users.length === 0 ? {} : { [annotations.credentials]: JSON.stringify(Object.fromEntries(users)) };
}

/** For the template of Pods that keep tokens: of a user who was made again theirs are of no use, and they do not notice. */
export function userIdsAnnotation(userIds: Credentials = {}): Record<string, string> {
  const users = Object.entries(userIds).sort(([one], [other]) => (one < other ? -1 : 1));
  return users.length === 0 ? {} : { [annotations.userIds]: JSON.stringify(Object.fromEntries(users)) };
}

/**
 * The user of a claim with whom all of the object's Pods run, those of Jobs and those that still stop included, and with whom new
 * ones would. Undefined while they differ, and where none runs: then nothing may be dropped. `before` is what was found last: it holds
 * while Pods are replaced by others with the same user. The step reads `pods.reads()`.
 */
export function userInUse<R extends ServiceObject>(
  scope: StepScope<R>,
  pods: ObjectPods,
  claim: string,
  before: string | undefined,
): string | undefined {
  const there = pods.of(scope);
  const workloads = there.workloads.filter(({ template }) => userOf(template, claim) !== undefined);
  const templates = [...workloads.map(({ template }) => template), ...there.tasks, ...there.pods];
  const users = new Set(templates.flatMap((template) => userOf(template, claim) ?? []));
  const [user] = users;
  if (workloads.length === 0 || users.size !== 1) return undefined;
  // Pods of an older template may be about to start.
  return user === before || workloads.every(({ isRolledOut }) => isRolledOut) ? user : undefined;
}

/** Of a Pod or a template of Pods. An annotation that is not ours says nothing. */
function userOf(pod: Pick<Pod, 'metadata'> | undefined, claim: string): string | undefined {
  const text = pod?.metadata?.annotations?.[annotations.credentials];
  if (text === undefined) return undefined;
  try {
    const users: unknown = JSON.parse(text);
    const user = typeof users === 'object' && users !== null ? (users as Record<string, unknown>)[claim] : undefined;
    return typeof user === 'string' ? user : undefined;
  } catch {
    return undefined;
  }
}
