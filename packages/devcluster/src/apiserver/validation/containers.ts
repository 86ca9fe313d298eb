// Containers of a Pod: those that run, those that come before them, and those that are put beside them to look around.
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EphemeralContainer,
  PodSpec,
} from 'kubernetes-types/core/v1.d.ts';
import { portNameProblems } from '../schema/formats.js';
import { checkEnvironment, checkEnvironmentFrom } from './environment.js';
import { PULL_POLICIES, type Findings } from './findings.js';
import { checkLifecycle, checkProbes } from './handlers.js';
import { checkMounts } from './mounts.js';
import { checkResources } from './resources.js';
import { checkContainerSecurity } from './security.js';
import type { Volumes } from './volumes.js';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RULES_NEED_A_POLICY = 'must specify restartPolicy when restart rules are used';
const RESTART_ACTIONS = ['Restart', 'RestartAllContainers'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];

/** Without a grace period there is nothing to compare with, and another finding says so. */
const graceOf = ({ terminationGracePeriodSeconds = Infinity }: PodSpec): number => terminationGracePeriodSeconds;

export function checkContainers(findings: Findings, path: string, spec: PodSpec, volumes: Volumes): void {
  const list = `${path}.containers`;
  if (spec.containers.length === 0) findings.required(list);
  const names = new Set<string>();
  findings.each(list, spec.containers, (container, at) => {
    checkCommon(findings, at, container, spec, volumes);
    if (names.has(container.name)) findings.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    checkLifecycle(findings, `${at}.lifecycle`, container.lifecycle, graceOf(spec));
    checkProbes(findings, at, container, graceOf(spec));
    checkRestartPolicy(findings, at, container);
  });
  checkHostPorts(findings, list, spec.containers);
  checkInitContainers(findings, `${path}.initContainers`, spec, volumes);
  checkEphemeralContainers(findings, `${path}.ephemeralContainers`, spec, volumes);
}

const ONLY_SIDECARS = 'may not be set for init containers without restartPolicy=Always';

function checkInitContainers(findings: Findings, list: string, spec: PodSpec, volumes: Volumes): void {
  const names = new Set(spec.containers.map(({ name }) => name));
  findings.each(list, spec.initContainers, (container, at) => {
    checkCommon(findings, at, container, spec, volumes);
    if (container.restartPolicy !== undefined) checkRestartPolicy(findings, at, container);
    else if (container.restartPolicyRules?.length) findings.required(`${at}.restartPolicy`, RULES_NEED_A_POLICY);
    if (names.has(container.name)) findings.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    checkHostPorts(findings, list, [container]);
    if (container.restartPolicy === 'Always') {
      checkLifecycle(findings, `${at}.lifecycle`, container.lifecycle, graceOf(spec));
      checkProbes(findings, at, container, graceOf(spec));
      return;
    }
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[name]) findings.forbidden(`${at}.${name}`, ONLY_SIDECARS);
  });
}

/** Fields of other containers that make no sense in one that comes and goes. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const satisfies readonly (keyof EphemeralContainer)[];

const NO_EPHEMERAL = 'cannot be set for an Ephemeral Container';

function checkEphemeralContainers(findings: Findings, list: string, spec: PodSpec, volumes: Volumes): void {
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  findings.each(list, spec.ephemeralContainers, (container, at) => {
    checkCommon(findings, at, container, spec, volumes);
    checkImageOfPod(findings, at, container);
    if (names.has(container.name)) findings.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    const { targetContainerName: target = '' } = container;
    if (target !== '' && !others.has(target)) findings.notFound(`${at}.targetContainerName`, target);
    for (const name of NOT_EPHEMERAL) {
      const value = container[name];
      if (value !== undefined && Object.keys(value).length > 0) findings.forbidden(`${at}.${name}`, NO_EPHEMERAL);
    }
    findings.each(`${at}.volumeMounts`, container.volumeMounts, ({ subPath, subPathExpr }, mount) => {
      if (subPath) findings.forbidden(`${mount}.subPath`, NO_EPHEMERAL);
      if (subPathExpr) findings.forbidden(`${mount}.subPathExpr`, NO_EPHEMERAL);
    });
  });
}

/** What holds in Pods only: in templates it always has been taken. */
export function checkImageOfPod(findings: Findings, path: string, { image = '' }: { image?: string }): void {
  if (image.trim() !== image) findings.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}

function checkCommon(
  findings: Findings,
  path: string,
  container: Container | EphemeralContainer,
  spec: PodSpec,
  volumes: Volumes,
): void {
  if (findings.present(`${path}.name`, container.name)) findings.name(`${path}.name`, 'label', container.name);
  findings.present(`${path}.image`, container.image);
  findings.choice(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    'File',
    'FallbackToLogsOnError',
  ]);
  checkPorts(findings, `${path}.ports`, container.ports);
  checkEnvironment(findings, `${path}.env`, container.env);
  checkEnvironmentFrom(findings, `${path}.envFrom`, container.envFrom);
  checkMounts(findings, path, container, volumes);
  findings.choice(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  const claims = (spec.resourceClaims ?? []).map(({ name }) => name);
  checkResources(findings, `${path}.resources`, container.resources ?? {}, claims);
  checkResizePolicies(findings, `${path}.resizePolicy`, container.resizePolicy ?? [], spec.restartPolicy);
  checkContainerSecurity(findings, `${path}.securityContext`, container.securityContext, spec.hostUsers ?? true);
}

function checkRestartPolicy(
  findings: Findings,
  path: string,
  { restartPolicy, restartPolicyRules = [] }: Container,
): void {
  if (restartPolicy !== undefined) findings.oneOf(`${path}.restartPolicy`, restartPolicy, RESTART_POLICIES);
  else if (restartPolicyRules.length > 0) findings.required(`${path}.restartPolicy`, RULES_NEED_A_POLICY);
  const list = `${path}.restartPolicyRules`;
  findings.atMost(list, restartPolicyRules, 20);
  findings.each(list, restartPolicyRules, ({ action = '', exitCodes }, at) => {
    findings.oneOf(`${at}.action`, action, RESTART_ACTIONS);
    if (!exitCodes) {
      findings.required(`${at}.exitCodes`, 'must be specified');
      return;
    }
    findings.oneOf(`${at}.exitCodes.operator`, exitCodes.operator ?? '', ['In', 'NotIn']);
    findings.atMost(`${at}.exitCodes.values`, exitCodes.values ?? [], 255);
  });
}

function checkPorts(findings: Findings, path: string, ports: readonly ContainerPort[] | undefined): void {
  const names = new Set<string>();
  findings.each(path, ports, ({ name = '', containerPort, hostPort = 0, protocol }, at) => {
    if (name !== '') {
      const problems = portNameProblems(name);
      findings.invalidEach(`${at}.name`, name, problems);
      if (names.has(name)) findings.duplicate(`${at}.name`, name);
      else if (problems.length === 0) names.add(name);
    }
    if (containerPort === 0) findings.required(`${at}.containerPort`);
    else findings.port(`${at}.containerPort`, containerPort);
    if (hostPort !== 0) findings.port(`${at}.hostPort`, hostPort);
    findings.choice(`${at}.protocol`, protocol, PROTOCOLS);
  });
}

/** Two containers that run side by side cannot have the same port of their host. */
function checkHostPorts(findings: Findings, path: string, containers: readonly Container[]): void {
  const taken = new Set<string>();
  findings.each(path, containers, ({ ports }, at) => {
    findings.each(`${at}.ports`, ports, ({ hostPort = 0, hostIP = '', protocol = '' }, port) => {
      if (hostPort === 0) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) findings.duplicate(`${port}.hostPort`, key);
      taken.add(key);
    });
  });
}

const RESIZABLE = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];

function checkResizePolicies(
  findings: Findings,
  path: string,
  policies: readonly ContainerResizePolicy[],
  podPolicy: string | undefined,
): void {
  const taken = new Set<string>();
  findings.each(path, policies, ({ resourceName, restartPolicy }, at) => {
    if (taken.has(resourceName)) findings.duplicate(at, resourceName);
    taken.add(resourceName);
    findings.choice(path, resourceName, RESIZABLE);
    findings.choice(path, restartPolicy, RESIZE_POLICIES);
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      findings.invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  });
}
