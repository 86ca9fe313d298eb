// What is known of the Jobs of a purpose, in a ConfigMap beside them. A Job may be deleted at any time after its end (by its
// TTL, by a person, by whatever tidies up), and what it did is done all the same.
import { controllerOf, isBeingDeleted, scrub } from '@stackwright/core';
import { ConfigMap } from '@stackwright/kube';
import { hashOf } from '../evaluate/hash.js';
import type { Desired, Reconciled, StepScope } from '../declare/step.js';

/** How the last Job of a purpose ended that has. From the start of one with other inputs on there is none. */
export interface JobRecord {
  /** Its name, which the hash of its inputs is part of. */
  job: string;
  uid: string;
  result: 'Complete' | 'Failed';
  /** RFC 3339. */
  endedAt: string;
  /** How often the same was tried before. */
  attempt: number;
  /** Another attempt would end in the same way. */
  isFinal: boolean;
  /** Why it failed; empty where it has not. */
  message: string;
}

/** Of messages, in characters. */
const longest = 8_192;

/** Names of ConfigMaps are DNS subdomains. */
const longestName = 253;

/** The ConfigMap `<object>-<purpose>` as it was observed; undefined also for one that is not this object's, or no record. */
export function observedRecord<R extends Reconciled>(
  scope: StepScope<R>,
  purpose: string,
): { configMap: Readonly<ConfigMap>; record: JobRecord } | undefined {
  const configMap = scope.get(ConfigMap, recordName(scope.name, purpose));
  if (!configMap || isBeingDeleted(configMap)) return undefined;
  // Of a deleted predecessor: what was done for that one may have been undone with it.
  if (controllerOf(configMap)?.uid !== scope.object.metadata?.uid) return undefined;
  const { job, uid = '', result, endedAt = '', attempt, final, message = '' } = configMap.data ?? {};
  if (!job || (result !== 'Complete' && result !== 'Failed')) return undefined;
  const attempts = Number(attempt ?? 0);
  return {
    configMap,
    record: {
      ...{ job, uid, result, endedAt, message },
      attempt: Number.isInteger(attempts) && attempts > 0 ? attempts : 0,
      isFinal: final === 'true',
    },
  };
}

/** The ConfigMap that holds it: one for each purpose, however many Jobs there have been. */
export function recordOf(
  object: string,
  purpose: string,
  labels: Readonly<Record<string, string>>,
  { job, uid, result, endedAt, attempt, isFinal, message }: JobRecord,
): Desired<ConfigMap> {
  const failure = { attempt: `${attempt}`, ...(isFinal ? { final: 'true' } : {}), message };
  return {
    metadata: { name: recordName(object, purpose), labels },
    data: { job, uid, result, endedAt, ...(result === 'Failed' ? failure : {}) },
  };
}

/** Without secrets, which a failed Job's log may quote; of one that is too long the end tells more. */
export function recordedMessage(message: string): string {
  return scrub(message).slice(-longest);
}

function recordName(object: string, purpose: string): string {
  return shortened(object, `-${purpose}`, longestName, []);
}

/** `<object><ending>`; where that is too long, cut, with a hash of the whole: two long names may begin alike. */
export function shortened(object: string, ending: string, length: number, more: readonly unknown[]): string {
  const whole = object + ending;
  if (whole.length <= length) return whole;
  const cut = `-${hashOf([object, ending, ...more], 8)}`;
  return object.slice(0, length - ending.length - cut.length) + ending + cut;
}
