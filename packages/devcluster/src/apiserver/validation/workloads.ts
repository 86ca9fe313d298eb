// Deployments, ReplicaSets, StatefulSets and DaemonSets.
import { matchesSelector } from '@stackwright/kube';
import type {
  DaemonSetSpec,
  DeploymentSpec,
  ReplicaSetSpec,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from 'kubernetes-types/apps/v1.d.ts';
import type { PodTemplateSpec, Volume } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { equal } from '../json.js';
import { validateSelector } from '../schema/selectors.js';
import { checkAmount, checkAtMostAll, isNothing, type Amount } from './amounts.js';
import { checkClaimSpec } from './claims.js';
import { IMMUTABLE, shown, type Findings } from './findings.js';
import { checkPodTemplate } from './pods.js';

export function checkDeployment(findings: Findings, spec: DeploymentSpec, old: DeploymentSpec | undefined): void {
  const { template, minReadySeconds = 0, progressDeadlineSeconds } = spec;
  findings.notNegative('spec.replicas', spec.replicas);
  if (checkSelector(findings, spec.selector, 'deployment', 'invalid label selector'))
    checkOwnTemplate(findings, template, spec.selector, 'ReplicaSet');
  checkDeploymentStrategy(findings, 'spec.strategy', spec);
  findings.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  findings.notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  findings.notNegative('spec.progressDeadlineSeconds', progressDeadlineSeconds);
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds)
    findings.invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds');
  if (old) checkSameSelector(findings, spec.selector, old.selector);
}

export function checkReplicaSet(findings: Findings, spec: ReplicaSetSpec, old: ReplicaSetSpec | undefined): void {
  findings.notNegative('spec.replicas', spec.replicas);
  findings.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  if (checkSelector(findings, spec.selector, 'deployment', 'invalid label selector'))
    checkOwnTemplate(findings, spec.template ?? {}, spec.selector, 'ReplicaSet');
  if (old) checkSameSelector(findings, spec.selector, old.selector);
}

function checkDeploymentStrategy(findings: Findings, path: string, { strategy = {} }: DeploymentSpec): void {
  const { type = '', rollingUpdate } = strategy;
  if (type === 'Recreate') {
    if (rollingUpdate)
      findings.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type === 'RollingUpdate') {
    const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
    const at = `${path}.rollingUpdate`;
    checkAmount(findings, `${at}.maxUnavailable`, maxUnavailable);
    checkAmount(findings, `${at}.maxSurge`, maxSurge);
    if (isNothing(maxUnavailable) && isNothing(maxSurge))
      findings.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
    checkAtMostAll(findings, `${at}.maxUnavailable`, maxUnavailable);
  } else {
    findings.notSupported(path, strategyInGo(type, rollingUpdate), ['Recreate', 'RollingUpdate']);
  }
}

interface Rolling {
  maxUnavailable?: Amount;
  maxSurge?: Amount;
}

const strategyInGo = (type: string, rolling: Rolling | undefined): object =>
  shown({
    Type: type,
    RollingUpdate: rolling && { MaxUnavailable: rolling.maxUnavailable ?? 0, MaxSurge: rolling.maxSurge ?? 0 },
  });

export function checkDaemonSet(findings: Findings, spec: DaemonSetSpec, old: DaemonSetSpec | undefined): void {
  const { selector, template, updateStrategy = {} } = spec;
  checkDaemonSelector(findings, selector, template);
  checkPodTemplate(findings, 'spec.template', template);
  checkAlways(findings, template, 'DaemonSet');
  findings.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  findings.notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  const { type = '', rollingUpdate } = updateStrategy;
  if (type === 'RollingUpdate') checkDaemonRollout(findings, 'spec.updateStrategy.rollingUpdate', rollingUpdate ?? {});
  else if (type !== 'OnDelete')
    findings.notSupported('spec.updateStrategy', strategyInGo(type, rollingUpdate), ['RollingUpdate', 'OnDelete']);
  if (old) checkSameSelector(findings, selector, old.selector);
}

function checkDaemonSelector(findings: Findings, selector: LabelSelector | undefined, template: PodTemplateSpec): void {
  if (!selector || validateSelector(selector, '').length === 0) checkSelected(findings, selector, template);
  if (selector) checkNotEmpty(findings, selector, 'daemonset');
}

function checkDaemonRollout(findings: Findings, path: string, { maxUnavailable = 0, maxSurge = 0 }: Rolling): void {
  for (const [name, amount] of Object.entries({ maxUnavailable, maxSurge })) {
    checkAmount(findings, `${path}.${name}`, amount);
    checkAtMostAll(findings, `${path}.${name}`, amount);
  }
  const [none, noSurge] = [isNothing(maxUnavailable), isNothing(maxSurge)];
  if (!none && !noSurge)
    findings.invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (none && noSurge) findings.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}

const STATEFUL_FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export function checkStatefulSet(findings: Findings, spec: StatefulSetSpec, old: StatefulSetSpec | undefined): void {
  const { podManagementPolicy: management = '', updateStrategy = {}, persistentVolumeClaimRetentionPolicy } = spec;
  if (findings.present('spec.podManagementPolicy', management) && !['OrderedReady', 'Parallel'].includes(management))
    findings.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'");
  checkStatefulStrategy(findings, 'spec.updateStrategy', updateStrategy);
  const { whenDeleted = '', whenScaled = '' } = persistentVolumeClaimRetentionPolicy ?? {};
  for (const [name, policy] of Object.entries({ whenDeleted, whenScaled }))
    findings.oneOf(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy, ['Retain', 'Delete']);
  // What cannot be changed any more was looked at when it came.
  if (!old)
    findings.each('spec.volumeClaimTemplates', spec.volumeClaimTemplates, (claim, at) =>
      checkClaimSpec(findings, `${at}.spec`, claim.spec ?? {}),
    );
  findings.notNegative('spec.replicas', spec.replicas);
  findings.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  findings.notNegative('spec.ordinals.start', spec.ordinals?.start);
  if (!old && spec.serviceName) findings.name('spec.serviceName', 'label', spec.serviceName);
  if (checkSelector(findings, spec.selector, 'statefulset', '')) {
    checkSelected(findings, spec.selector, spec.template);
    checkPodTemplate(findings, 'spec.template', asMade(spec));
  }
  checkAlways(findings, spec.template, 'StatefulSet');
  if (old && !equal(fixed(spec), fixed(old))) findings.forbidden('spec', STATEFUL_FIXED);
}

function checkStatefulStrategy(findings: Findings, path: string, strategy: StatefulSetUpdateStrategy): void {
  const { type = '', rollingUpdate } = strategy;
  const { partition = 0, maxUnavailable } = rollingUpdate ?? {};
  const rolling = rollingUpdate && shown({ Partition: partition, MaxUnavailable: maxUnavailable });
  const at = `${path}.rollingUpdate`;
  if (type === '') findings.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate) findings.invalid(at, rolling, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type === 'RollingUpdate') {
    findings.notNegative(`${at}.partition`, partition);
  } else {
    findings.invalid(path, shown({ Type: type, RollingUpdate: rolling }), "must be 'RollingUpdate' or 'OnDelete'");
  }
}

/** The template with what the controller puts in: the volumes of the claims, and names of its own. */
function asMade({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (!template.spec) return template;
  const { hostname: _, subdomain: __, volumes = [], ...spec } = template.spec;
  // Of two of a name the last one counts.
  const distinct = [...new Map(volumeClaimTemplates.map((claim) => [claim.metadata?.name ?? '', claim])).values()];
  const claimed = distinct.map(({ metadata }): Volume => {
    const name = metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: name } };
  });
  const others = volumes.filter(({ name }) => !claimed.some((claim) => claim.name === name));
  return { ...template, spec: { ...spec, volumes: [...claimed, ...others] } };
}

function fixed({
  serviceName = '',
  selector,
  podManagementPolicy,
  volumeClaimTemplates = [],
}: StatefulSetSpec): object {
  return { serviceName, selector, podManagementPolicy, volumeClaimTemplates };
}

/** Whether the selector can be used. `kind`: as the finding calls it. */
function checkSelector(findings: Findings, selector: LabelSelector | undefined, kind: string, faulty: string): boolean {
  if (!selector) {
    findings.required('spec.selector');
    return true;
  }
  checkNotEmpty(findings, selector, kind);
  if (validateSelector(selector, '').length === 0) return true;
  findings.invalid('spec.selector', inGo(selector), faulty);
  return false;
}

/** As Go writes it: keys in order, and nothing left out that it has. */
const inGo = ({ matchLabels, matchExpressions }: LabelSelector): LabelSelector => ({
  ...(matchLabels ? { matchLabels: Object.fromEntries(Object.entries(matchLabels).sort(byKey)) } : {}),
  ...(matchExpressions
    ? { matchExpressions: matchExpressions.map(({ key, operator, ...rest }) => ({ key, operator, ...rest })) }
    : {}),
});

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

const isEmpty = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

function checkNotEmpty(findings: Findings, selector: LabelSelector, kind: string): void {
  if (isEmpty(selector)) findings.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
}

/** What a workload selects must be what it makes. Without a selector it selects nothing. */
export function checkSelected(
  findings: Findings,
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
): void {
  const { labels } = template.metadata ?? {};
  if (!selector || (!isEmpty(selector) && !matchesSelector(selector, labels ?? {}))) {
    const problem = '`selector` does not match template `labels`';
    findings.invalid('spec.template.metadata.labels', labels ?? null, problem);
  }
}

function checkOwnTemplate(
  findings: Findings,
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
  kind: string,
): void {
  checkSelected(findings, selector, template);
  checkPodTemplate(findings, 'spec.template', template);
  checkAlways(findings, template, kind);
}

function checkAlways(findings: Findings, { spec }: PodTemplateSpec, kind: string): void {
  const { restartPolicy = '', activeDeadlineSeconds } = spec ?? {};
  findings.oneOf('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
  if (activeDeadlineSeconds !== undefined) {
    const problem = `activeDeadlineSeconds in ${kind} is not Supported`;
    findings.forbidden('spec.template.spec.activeDeadlineSeconds', problem);
  }
}

function checkSameSelector(findings: Findings, selector: LabelSelector | undefined, old: LabelSelector): void {
  if (!equal(selector, old)) findings.invalid('spec.selector', selector ?? null, IMMUTABLE);
}
