// podFailurePolicy: which failures end a Job at once, and which do not count.
import type { Job, Pod } from '@stackwright/kube';
import type { PodFailurePolicyOnExitCodesRequirement } from 'kubernetes-types/batch/v1.d.ts';
import type { Stored } from '../../shared/objects.js';

export interface Judgement {
  action: 'Count' | 'FailJob' | 'Ignore';
  message: string;
}

const COUNTED: Judgement = { action: 'Count', message: '' };

/** What the first rule that matches says; without one a failure counts against the limit. */
export function judge({ spec }: Job, pod: Stored<Pod>): Judgement {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const [index, { action, onExitCodes, onPodConditions = [] }] of (
    spec?.podFailurePolicy?.rules ?? []
  ).entries()) {
    const rule = `matching ${action} rule at index ${index}`;
    const ended = onExitCodes && failedContainer(pod, onExitCodes);
    if (ended)
      return verdict(action, `Container ${ended.name} for pod ${name} failed with exit code ${ended.exitCode} ${rule}`);
    const condition = onPodConditions.find(({ type, status = 'True' }) =>
      pod.status?.conditions?.some((each) => each.type === type && each.status === status),
    );
    if (condition) return verdict(action, `Pod ${name} has condition ${condition.type} ${rule}`);
  }
  return COUNTED;
}

const verdict = (action: string, message: string): Judgement =>
  action === 'FailJob' || action === 'Ignore' ? { action, message } : COUNTED;

function failedContainer(
  { status }: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): { name: string; exitCode: number } | undefined {
  for (const { name, state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const exitCode = state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(exitCode) === (operator === 'In')) return { name, exitCode };
  }
  return undefined;
}
