// What a user sets in configuration files is checked in a Job before it is rolled out, by the packages that will read it.
// What runs stays as it is until then.
import { Reason } from '@stackwright/api';
import {
  done,
  failed,
  forgetJobs,
  jobOwns,
  Label,
  runJob,
  waiting,
  type Outcome,
  type StepScope,
} from '@stackwright/graph';
import { Pod, Secret } from '@stackwright/kube';
import { isOwned, renderOsloConfig, type OsloConfig } from '../config/oslo-config.js';
import type { Override } from '../config/override.js';
import {
  checkFile,
  problemMark,
  refusedExitCode,
  validatorFile,
  validatorProgram,
  type FileCheck,
} from '../config/validator.js';
import { secretHash } from '../secrets/hash.js';
import { secretWith } from '../secrets/secret.js';
import { servicePod } from '../workload/container.js';
import { jobResources } from '../workload/resources.js';
import { podTemplate } from '../workload/pod-template.js';
import { schedulingOf } from '../workload/scheduling.js';
import { versionsOf } from '../workload/versions.js';
import type { Release, ServiceObject } from './builder.js';

const directory = '/etc/stackwright/check';

/** What a step declares in `owns` that calls `verdictOn`; and the object's Pods in `reads`. */
export const checkOwns = [Secret, ...jobOwns] as const;

export interface Candidate {
  /** Merged, by file. */
  files: Readonly<Record<string, OsloConfig>>;
  override: Override;
  isSecret: (file: string, section: string, option: string) => boolean;
  /** Known to few: with it, hashes tell nothing of values that could be guessed. */
  salt: string;
}

export interface Verdict {
  /** For the configuration that is written: by them it is known again as one that was checked. */
  annotations: Record<string, string>;
  /** What can be used, and should not. */
  remarks: string;
}

/** On a version of the configuration: the hash of what was checked before it was written, and what was remarked. */
const annotationOf = { checked: 'stackwright.dev/checked-config', remarks: 'stackwright.dev/config-remarks' } as const;

/** Done when the candidate may become a version of the configuration that is called `base`. */
export function verdictOn<R extends ServiceObject>(
  scope: StepScope<R>,
  facts: Release,
  candidate: Candidate,
  base: string,
): Outcome<Verdict> {
  const purpose = `${base.slice(scope.name.length + 1)}-check`;
  const check = configCheckFor(facts, candidate, { ownedOnly: scope.object.spec.configValidation === 'Off' });
  const known = versionsOf(scope, Secret, base)
    .map(({ metadata }) => metadata?.annotations ?? {})
    .find((annotations) => check && annotations[annotationOf.checked] === check.hash);
  if (!check || known) {
    forgetChecks(scope, purpose);
    return done(check ? verdict(check, known?.[annotationOf.remarks]) : { annotations: {}, remarks: '' });
  }
  const checked = checkConfig(scope, facts, { ...check, purpose });
  return checked.state === 'Done' ? done(verdict(check, checked.output)) : checked;
}

function verdict({ hash }: ConfigCheck, remarks = ''): Verdict {
  const remarkAnnotation = remarks === '' ? {} : { [annotationOf.remarks]: remarks };
  return { annotations: { [annotationOf.checked]: hash, ...remarkAnnotation }, remarks };
}

/** A candidate with something to be checked. */
interface ConfigCheck {
  /** What was checked with this outcome need not be again. */
  hash: string;
  /** Of the Secret that the Job mounts. */
  files: Readonly<Record<string, string>>;
}

/** Undefined where the user overrides nothing, or nothing of which the catalog knows the options. */
function configCheckFor(
  facts: Release,
  candidate: Candidate,
  { ownedOnly }: { ownedOnly: boolean },
): ConfigCheck | undefined {
  const checks: Record<string, FileCheck> = {};
  const files: Record<string, string> = {};
  for (const [file, sections] of Object.entries(candidate.override)) {
    const namespaces = facts.configNamespaces?.[file];
    const config = candidate.files[file];
    if (!namespaces || !config || Object.values(sections).every((options) => Object.keys(options).length === 0))
      continue;
    checks[file] = {
      namespaces,
      dynamic: facts.dynamicOptions?.[file] ?? [],
      owned: ownedIn(config),
      // By which older names what is ours goes, and what makes a login, only the packages know.
      ...(ownedOnly ? { ownedOnly } : {}),
      set: mapValues(sections, (options, section) =>
        mapValues(options, (_, option) => candidate.isSecret(file, section, option)),
      ),
    };
    files[file] = renderOsloConfig(withoutOwned(config));
  }
  if (Object.keys(checks).length === 0) return undefined;
  const given = { ...files, [checkFile]: JSON.stringify(checks) };
  // Not the program: what an older one has agreed to need not be asked again.
  const hash = secretHash(candidate.salt, [facts.reference, given]);
  return { hash, files: { ...given, [validatorFile]: validatorProgram } };
}

/**
 * Done when a Job of this purpose has found nothing wrong, with what it remarks all the same (names that are deprecated). What
 * is wrong with an option is the message. The Job is given the user's values and ours, but none that is `owned`: no
 * credential of a claim.
 */
function checkConfig<R extends ServiceObject>(
  scope: StepScope<R>,
  facts: Release,
  { purpose, hash, files }: ConfigCheck & { purpose: string },
): Outcome<string> {
  // Never changed: what a Job has found holds for what it was given.
  const secret = `${scope.name}-${purpose}-${hash.slice(0, 8)}`;
  for (const old of scope.list(Secret, { labels: labelsOf(scope, purpose) })) {
    if (old.metadata?.name !== secret && scope.isOwn(Secret, old)) scope.remove(Secret, old);
  }
  const given = secretWith(secret, files);
  scope.own(Secret, { ...given, metadata: { ...given.metadata, labels: { [Label.component]: purpose } } });
  const pod = servicePod({
    name: purpose,
    image: facts.reference,
    user: facts.user,
    command: ['python3', `${directory}/${validatorFile}`],
    env: [],
    mounts: [{ path: directory, secret }],
    writable: [],
    resources: jobResources,
    scheduling: schedulingOf(scope.object.spec),
  });
  const { metadata, spec } = podTemplate(scope.object.spec, { labels: {}, pod });
  const run = runJob(scope, {
    purpose,
    inputs: [hash, validatorProgram],
    pod: spec,
    ...metadata,
    finalExitCode: refusedExitCode,
  });
  if (run.state === 'Done') return remarksOf(scope, purpose, run.output);
  const found = run.state === 'Failed' ? run.message.indexOf(problemMark) : -1;
  return found < 0 ? run : failed(Reason.InvalidConfig, run.message.slice(found), run.on ? { on: run.on } : {});
}

function remarksOf<R extends ServiceObject>(scope: StepScope<R>, purpose: string, job: string): Outcome<string> {
  const ends = scope
    .list(Pod, { labels: labelsOf(scope, purpose) })
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ name }) => name === job))
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => state?.terminated);
  // Pods and Jobs are watched apart: of one that has succeeded the end may not have been heard of yet.
  if (ends.length > 0 && ends.every((end) => !end)) return waiting(Reason.JobRunning, `Job ${job} is ending`);
  return done(ends.find((end) => end?.exitCode === 0)?.message ?? '');
}

/** Nothing is to be checked (any more). A Job that is still at it is not waited for, and may even wait for what is gone. */
function forgetChecks<R extends ServiceObject>(scope: StepScope<R>, purpose: string): void {
  forgetJobs(scope, purpose);
  for (const secret of scope.list(Secret, { labels: labelsOf(scope, purpose) })) {
    if (scope.isOwn(Secret, secret)) scope.remove(Secret, secret);
  }
}

function labelsOf<R extends ServiceObject>(scope: StepScope<R>, purpose: string): Record<string, string> {
  return { ...scope.labels, [Label.component]: purpose };
}

/** Names and reasons only: the values are nothing that a check needs. */
function ownedIn(config: OsloConfig): FileCheck['owned'] {
  const whys = mapValues(config, (options) =>
    Object.fromEntries(
      Object.entries(options).flatMap(([option, value]) => (isOwned(value) ? [[option, value.owned]] : [])),
    ),
  );
  return Object.fromEntries(Object.entries(whys).filter(([, options]) => Object.keys(options).length > 0));
}

function withoutOwned(config: OsloConfig): OsloConfig {
  return mapValues(config, (options) =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => !isOwned(value))),
  );
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
