// Jobs, and CronJobs that make them.
import { isTimeZone, matchesSelector, parseSchedule, type CronJob, type Job } from '@stackwright/kube';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from 'kubernetes-types/batch/v1.d.ts';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { OMITTED } from '../errors.js';
import { clone, equal } from '../json.js';
import { httpPathProblems, nameProblems } from '../schema/formats.js';
import { validateSelector } from '../schema/selectors.js';
import { IMMUTABLE, shown, type Findings } from './findings.js';
import { checkPodTemplate } from './pods.js';

const MODES = ['NonIndexed', 'Indexed'];
const MANY = 100_000;
const FEWER = 10_000;
const MAX_MANAGER = 63;

export function checkJob(findings: Findings, job: Job, old: Job | undefined): void {
  const { metadata = {}, spec } = job;
  if (!spec) return;
  checkGenerated(findings, job, spec);
  if (!old) checkHostnames(findings, metadata.name ?? '', spec);
  checkJobSpec(findings, 'spec', spec);
  const { selector } = spec;
  if (!selector) findings.required('spec.selector');
  const usable = selector && validateSelector(selector, '').length === 0;
  const labels = spec.template.metadata?.labels;
  if (!selector || (usable && !matchesSelector(selector, labels ?? {}))) {
    const problem = '`selector` does not match template `labels`';
    findings.invalid('spec.template.metadata.labels', labels ?? null, problem);
  }
  if (old?.spec) checkJobUpdate(findings, spec, old.spec);
}

export const JOB_LABELS = {
  controllerUid: 'batch.kubernetes.io/controller-uid',
  jobName: 'batch.kubernetes.io/job-name',
  legacyControllerUid: 'controller-uid',
  legacyJobName: 'job-name',
} as const;

/** Labels and selector are the server's, unless the user says that they are not. */
function checkGenerated(findings: Findings, { metadata = {} }: Job, spec: JobSpec): void {
  const { selector, manualSelector, template } = spec;
  if (manualSelector || !selector) return;
  const { uid = '', name = '' } = metadata;
  const expected = {
    [JOB_LABELS.legacyControllerUid]: uid,
    [JOB_LABELS.legacyJobName]: name,
    [JOB_LABELS.controllerUid]: uid,
    [JOB_LABELS.jobName]: name,
  };
  const { labels = {} } = template.metadata ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) findings.required(at, `must be '${value}'`);
    else if (labels[key] !== value) findings.invalid(at, labels, `must be '${value}'`);
  }
  if (validateSelector(selector, '').length === 0 && !matchesSelector(selector, expected))
    findings.invalid('spec.selector', selector, '`selector` not auto-generated');
}

/** Pods of an indexed Job are called after it and their index. */
function checkHostnames(findings: Findings, name: string, { completionMode, completions = 0 }: JobSpec): void {
  if (completionMode !== 'Indexed' || completions <= 0) return;
  const last = `${name}-${completions - 1}`;
  if (nameProblems('label', last).length > 0)
    findings.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`);
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

export function checkJobSpec(findings: Findings, path: string, spec: JobSpec): void {
  for (const name of counts) findings.notNegative(`${path}.${name}`, spec[name]);
  const { completionMode, backoffLimitPerIndex, maxFailedIndexes, podFailurePolicy, successPolicy } = spec;
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined)
    findings.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  checkManager(findings, `${path}.managedBy`, spec.managedBy);
  if (completionMode !== undefined) findings.oneOf(`${path}.completionMode`, completionMode, MODES);
  if (completionMode === 'Indexed') checkIndexed(findings, path, spec);
  if (completionMode === undefined || completionMode === 'NonIndexed') {
    for (const [name, value] of Object.entries({ backoffLimitPerIndex, maxFailedIndexes }))
      if (value !== undefined) findings.invalid(`${path}.${name}`, value, 'requires indexed completion mode');
  }
  const containers = [...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])];
  if (podFailurePolicy) {
    const at = `${path}.podFailurePolicy.rules`;
    findings.atMost(at, podFailurePolicy.rules, 20);
    const names = containers.map(({ name }) => name);
    findings.each(at, podFailurePolicy.rules, (rule, place) => checkFailureRule(findings, place, rule, spec, names));
  }
  if (successPolicy) checkSuccessPolicy(findings, `${path}.successPolicy`, spec, successPolicy.rules);
  const replacements = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (spec.podReplacementPolicy !== undefined)
    findings.oneOf(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements);
  checkPodTemplate(findings, `${path}.template`, spec.template);
  checkRestartPolicy(findings, `${path}.template.spec.restartPolicy`, spec);
}

function checkManager(findings: Findings, path: string, manager: string | undefined): void {
  if (manager === undefined || !findings.present(path, manager)) return;
  const slash = manager.indexOf('/');
  const [host, rest] = [manager.slice(0, Math.max(slash, 0)), manager.slice(slash + 1)];
  if (host === '' || rest === '')
    findings.invalid(path, manager, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else {
    findings.name(path, 'subdomain', host);
    findings.invalidEach(path, rest, httpPathProblems(rest));
  }
  if (manager.length > MAX_MANAGER) findings.tooLong(path, MAX_MANAGER);
}

function checkIndexed(findings: Findings, path: string, spec: JobSpec): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const above = (name: string, value: number, limit: number, words: string): void => {
    if (value > limit) findings.invalid(`${path}.${name}`, value, `must be less than or equal to ${words}`);
  };
  if (completions === undefined) findings.required(`${path}.completions`, 'when completion mode is Indexed');
  above('parallelism', parallelism, MANY, `${MANY} when completion mode is Indexed`);
  if (completions !== undefined) above('maxFailedIndexes', maxFailedIndexes ?? 0, completions, 'completions');
  above('maxFailedIndexes', maxFailedIndexes ?? 0, MANY, String(MANY));
  if (completions === undefined || completions <= MANY || backoffLimitPerIndex === undefined) return;
  const words = `${FEWER} when completions are above ${MANY} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined)
    findings.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY}`);
  above('parallelism', parallelism, FEWER, words);
  above('maxFailedIndexes', maxFailedIndexes ?? 0, FEWER, words);
}

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

const listed = (values: readonly string[]): string =>
  `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;

function checkListed(findings: Findings, path: string, value: string, supported: readonly string[]): void {
  if (value === '') findings.required(path, listed(supported));
  else findings.oneOf(path, value, supported);
}

function checkFailureRule(
  findings: Findings,
  path: string,
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  { backoffLimitPerIndex }: JobSpec,
  containers: readonly string[],
): void {
  if (action === 'FailIndex') {
    if (backoffLimitPerIndex === undefined)
      findings.invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set');
  } else checkListed(findings, `${path}.action`, action, ACTIONS);
  if (onExitCodes) checkExitCodes(findings, `${path}.onExitCodes`, onExitCodes, containers);
  findings.atMost(`${path}.onPodConditions`, onPodConditions, 20);
  findings.each(`${path}.onPodConditions`, onPodConditions, ({ type, status }, at) => {
    findings.qualifiedName(`${at}.type`, type);
    checkListed(findings, `${at}.status`, status, STATUSES);
  });
  if (onExitCodes && onPodConditions.length > 0)
    findings.invalid(path, OMITTED, 'specifying both OnExitCodes and OnPodConditions is not supported');
  if (!onExitCodes && onPodConditions.length === 0)
    findings.invalid(path, OMITTED, 'specifying one of OnExitCodes and OnPodConditions is required');
}

function checkExitCodes(
  findings: Findings,
  path: string,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  containers: readonly string[],
): void {
  checkListed(findings, `${path}.operator`, operator, OPERATORS);
  if (containerName !== undefined && !containers.includes(containerName)) {
    const problem = 'must be one of the container or initContainer names in the pod template';
    findings.invalid(`${path}.containerName`, containerName, problem);
  }
  if (values.length === 0) findings.invalid(`${path}.values`, values, 'at least one value is required');
  else findings.atMost(`${path}.values`, values, 255);
  findings.each(`${path}.values`, values, (value, at, index) => {
    if (operator === 'In' && value === 0) findings.invalid(at, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < index) findings.duplicate(at, value);
  });
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? 0) > value))
    findings.invalid(`${path}.values`, values, 'must be ordered');
}

const MAX_INDEXES = 64 * 1024;

function checkSuccessPolicy(
  findings: Findings,
  path: string,
  { completionMode, completions = 0 }: JobSpec,
  rules: readonly SuccessPolicyRule[],
): void {
  if (completionMode !== 'Indexed') {
    const inGo = rules.map(({ succeededIndexes, succeededCount }) =>
      shown({ SucceededIndexes: succeededIndexes, SucceededCount: succeededCount }),
    );
    findings.invalid(path, { Rules: inGo }, 'requires indexed completion mode');
    return;
  }
  const list = `${path}.rules`;
  if (rules.length === 0)
    findings.required(list, 'at least one rules must be specified when the successPolicy is specified');
  findings.atMost(list, rules, 20);
  findings.each(list, rules, ({ succeededIndexes, succeededCount }, at) => {
    if (succeededCount === undefined && succeededIndexes === undefined)
      findings.required(at, 'at least one of succeededCount or succeededIndexes must be specified');
    let total = 0;
    if (succeededIndexes !== undefined) {
      if (succeededIndexes.length > MAX_INDEXES) findings.tooLong(`${at}.succeededIndexes`, MAX_INDEXES);
      const indexes = countIndexes(succeededIndexes, completions);
      if (typeof indexes === 'number') total = indexes;
      else findings.invalid(`${at}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${indexes}`);
    }
    if (succeededCount === undefined) return;
    const place = `${at}.succeededCount`;
    const most = (limit: number, what: string): void => {
      if (succeededCount > limit)
        findings.invalid(place, succeededCount, `must be less than or equal to ${limit} (the number of ${what})`);
    };
    findings.notNegative(place, succeededCount);
    most(completions, 'specified completions');
    if (succeededIndexes !== undefined) most(total, 'indexes in the specified succeededIndexes field');
  });
}

/** How many indexes a text like "0,2-5" names; a text when it names none. */
function countIndexes(text: string, completions: number): number | string {
  let total = 0;
  let previous: number | undefined;
  for (const interval of text === '' ? [] : text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2)
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    }
    const [first = 0, last = first] = limits.map(Number);
    if (limits.length === 2 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
    if (previous !== undefined && previous >= first)
      return `non-increasing order, previous: ${previous}, current: ${first}`;
    total += last - first + 1;
    previous = last;
  }
  return total;
}

function checkRestartPolicy(findings: Findings, path: string, { template, podFailurePolicy }: JobSpec): void {
  const policy = template.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') findings.required(path, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') findings.notSupported(path, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy && policy !== 'Never')
    findings.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified');
}

const fixed = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const satisfies readonly (keyof JobSpec)[];

const NO_CONTAINERS: PodSpec = { containers: [] };

function checkJobUpdate(findings: Findings, spec: JobSpec, old: JobSpec): void {
  const { completions, parallelism, completionMode } = spec;
  if (completions !== old.completions) {
    if (completionMode !== 'Indexed') findings.invalid('spec.completions', completions ?? null, IMMUTABLE);
    else if (completions !== undefined && completions !== parallelism)
      findings.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism');
  }
  for (const name of fixed)
    if (!equal(spec[name], old[name])) findings.invalid(`spec.${name}`, spec[name] ?? null, IMMUTABLE);
  if (!old.suspend) {
    if (!equal(spec.template, old.template)) findings.invalid('spec.template', '<template>', IMMUTABLE);
    return;
  }
  const [now = NO_CONTAINERS, before = NO_CONTAINERS] = [spec.template.spec, old.template.spec];
  if (!equal(now, whileSuspended(now, before))) findings.invalid('spec.template.spec', '<template>', IMMUTABLE);
}

/**
 * What has not begun may still be told where to run, and with how much: the specification that it may have now. Of the
 * metadata of the template everything may change.
 */
function whileSuspended(now: PodSpec, old: PodSpec): PodSpec {
  const expected = clone(old);
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) {
    if (now[name] === undefined) delete expected[name];
    else Object.assign(expected, { [name]: now[name] });
  }
  const { nodeAffinity: _, ...others } = old.affinity ?? {};
  const { nodeAffinity } = now.affinity ?? {};
  expected.affinity = { ...others, ...(nodeAffinity && { nodeAffinity }) };
  // An affinity to nothing is left behind, or gone.
  if (!now.affinity && Object.keys(expected.affinity).length === 0) delete expected.affinity;
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (expected[list] ?? []).entries()) {
      const { name, resources } = now[list]?.[index] ?? {};
      if (name === container.name && resources) container.resources = resources;
    }
  }
  return expected;
}

const POLICIES = ['Allow', 'Forbid', 'Replace'];
/** Of the names of its Jobs, less the time that is put behind. */
const MAX_CRON_NAME = 52;

export function checkCronJob(findings: Findings, { metadata = {}, spec }: CronJob, old: CronJob | undefined): void {
  if (!spec) return;
  const { name = '' } = metadata;
  checkSchedule(findings, spec, old?.spec);
  findings.notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (!old?.spec || old.spec.timeZone !== spec.timeZone) checkTimeZone(findings, 'spec.timeZone', spec.timeZone);
  findings.choice('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES);
  const { spec: job } = spec.jobTemplate;
  if (job) {
    checkJobSpec(findings, 'spec.jobTemplate.spec', job);
    const selector: LabelSelector | undefined = job.selector;
    if (selector) findings.invalid('spec.jobTemplate.spec.selector', selector, '`selector` will be auto-generated');
    if (job.manualSelector) findings.notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']);
  }
  findings.notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  findings.notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
  if (!old && name.length > MAX_CRON_NAME)
    findings.invalid('metadata.name', name, `must be no more than ${MAX_CRON_NAME} characters`);
}

type CronSpec = NonNullable<CronJob['spec']>;

/** Zones in the schedule itself are from before there was a field, and left to those who have them. */
function checkSchedule(findings: Findings, { schedule, timeZone }: CronSpec, old: CronSpec | undefined): void {
  const path = 'spec.schedule';
  if (!findings.present(path, schedule)) return;
  const problem = scheduleProblem(schedule);
  if (problem !== undefined) findings.invalid(path, schedule, problem);
  if (!schedule.includes('TZ')) return;
  if (!old?.schedule.includes('TZ'))
    findings.invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  else if (timeZone !== undefined)
    findings.invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
}

function scheduleProblem(text: string): string | undefined {
  const [, zone, rest = ''] = /^(?:CRON_)?TZ=([^ ]*)( .*)?$/s.exec(text) ?? [];
  // The parser that a real server has falls over this one.
  if (zone !== undefined && rest === '')
    return 'invalid schedule format: runtime error: slice bounds out of range [:-1]';
  if (zone && !isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`;
  try {
    parseSchedule(zone === undefined ? text : rest.trim());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const ZONE_PART = /^[A-Za-z.\-_0-9+]{1,14}$/;

function checkTimeZone(findings: Findings, path: string, zone: string | undefined): void {
  if (zone === undefined) return;
  if (zone === '') {
    findings.invalid(path, zone, 'timeZone must be nil or non-empty string');
    return;
  }
  const named = zone
    .split('/')
    .every((part) => ZONE_PART.test(part) && part !== '.' && part !== '..' && !part.startsWith('-'));
  if (!named) {
    findings.invalid(path, zone, `unknown time zone ${zone}`);
    return;
  }
  if (zone.toLowerCase() === 'local') {
    const problem = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    findings.invalid(path, zone, problem);
    // The name that a real server knows as its own.
    if (zone === 'Local') return;
  }
  if (!isTimeZone(zone)) findings.invalid(path, zone, `unknown time zone ${zone}`);
}
