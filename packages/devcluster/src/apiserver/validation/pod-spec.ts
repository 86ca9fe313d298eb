// The specification of a Pod, of its own or in a template.
import type {
  HostAlias,
  PodDNSConfig,
  PodReadinessGate,
  PodResourceClaim,
  PodSchedulingGate,
  PodSpec,
} from 'kubernetes-types/core/v1.d.ts';
import { searchDomainProblems } from '../schema/formats.js';
import { validateLabels } from '../schema/names.js';
import { checkAddress } from './addresses.js';
import { checkContainers } from './containers.js';
import { shown, type Findings } from './findings.js';
import { checkAffinity, checkSpread, checkTolerations } from './placement.js';
import { checkResources } from './resources.js';
import { checkHostProcesses, checkPodSecurity } from './security.js';
import { checkVolumes } from './volumes.js';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];
const MAX_SECONDS = 2 ** 31 - 1;

/** `pod`: of a Pod, not a template, by this name. */
export function checkPodSpec(findings: Findings, path: string, spec: PodSpec, pod?: { name: string }): void {
  if (spec.terminationGracePeriodSeconds === undefined) findings.required(`${path}.terminationGracePeriodSeconds`);
  const volumes = checkVolumes(findings, `${path}.volumes`, spec.volumes, pod?.name);
  checkResourceClaims(findings, `${path}.resourceClaims`, spec.resourceClaims);
  checkContainers(findings, path, spec, volumes);
  if (spec.hostNetwork) checkHostNetwork(findings, path, spec, pod !== undefined);
  findings.choice(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  findings.choice(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  findings.add(validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  checkPodSecurity(findings, `${path}.securityContext`, spec);
  checkAffinity(findings, `${path}.affinity`, spec.affinity);
  checkDns(findings, `${path}.dnsConfig`, spec.dnsPolicy, spec.dnsConfig);
  checkGates(findings, path, spec.readinessGates, spec.schedulingGates);
  checkSpread(findings, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  checkTolerations(findings, `${path}.tolerations`, spec.tolerations);
  checkHostAliases(findings, `${path}.hostAliases`, spec.hostAliases);
  checkNames(findings, path, spec);
  findings.inRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, MAX_SECONDS);
  if (spec.preemptionPolicy !== undefined)
    findings.choice(`${path}.preemptionPolicy`, spec.preemptionPolicy, PREEMPTION_POLICIES);
  if (spec.overhead) checkResources(findings, `${path}.overhead`, { limits: spec.overhead }, []);
  if (spec.hostUsers === false) checkOwnUsers(findings, path, spec);
  if (spec.os) checkSystem(findings, path, spec);
  checkFileVolumes(findings, path, spec);
  checkHostProcesses(findings, path, spec);
  if (spec.resources) {
    const claims = (spec.resourceClaims ?? []).map(({ name }) => name);
    if (spec.resources.claims)
      findings.forbidden(`${path}.resources.claims`, 'claims may not be set for Resources at pod-level');
    checkResources(findings, `${path}.resources`, spec.resources, claims);
  }
}

/** Files with variables are in volumes that the Pod writes itself. */
function checkFileVolumes(findings: Findings, path: string, spec: PodSpec): void {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const list of ['initContainers', 'containers'] as const)
    findings.each(`${path}.${list}`, spec[list], ({ env }, at) =>
      findings.each(`${at}.env`, env, ({ valueFrom }, place) => {
        const wanted = valueFrom?.fileKeyRef?.volumeName;
        if (wanted === undefined) return;
        const named = `${place}.valueFrom.fileKeyRef.volumeName`;
        const volume = volumes.get(wanted);
        if (!volume) findings.notFound(named, wanted);
        else if (!volume.emptyDir) findings.invalid(named, wanted, 'referenced volume must be of type emptyDir');
      }),
    );
}

function checkNames(findings: Findings, path: string, spec: PodSpec): void {
  const { serviceAccountName, nodeName, hostname, hostnameOverride, subdomain, priorityClassName, runtimeClassName } =
    spec;
  for (const [name, value] of Object.entries({ serviceAccountName, nodeName, priorityClassName }))
    if (value) findings.name(`${path}.${name}`, 'subdomain', value);
  for (const [name, value] of Object.entries({ hostname, subdomain }))
    if (value) findings.name(`${path}.${name}`, 'label', value);
  if (runtimeClassName !== undefined) findings.name(`${path}.runtimeClassName`, 'subdomain', runtimeClassName);
  if (hostnameOverride !== undefined)
    checkHostnameOverride(findings, `${path}.hostnameOverride`, hostnameOverride, spec);
}

const MAX_HOSTNAME = 64;

function checkHostnameOverride(findings: Findings, path: string, name: string, spec: PodSpec): void {
  if (spec.setHostnameAsFQDN) findings.forbidden(path, 'may not be specified when setHostnameAsFQDN is true');
  if (spec.hostNetwork) findings.forbidden(path, 'may not be specified when hostNetwork is true');
  if (name.length > MAX_HOSTNAME) findings.tooLong(path, MAX_HOSTNAME);
  findings.name(path, 'subdomain', name);
}

/** On the host's network a port is what it is there. Templates may leave it open. */
function checkHostNetwork(findings: Findings, path: string, { containers }: PodSpec, ofPod: boolean): void {
  findings.each(`${path}.containers`, containers, ({ ports }, at) => {
    findings.each(`${at}.ports`, ports, ({ hostPort = 0, containerPort }, port) => {
      if ((ofPod || hostPort !== 0) && hostPort !== containerPort) {
        const problem = 'must match `containerPort` when `hostNetwork` is true';
        findings.invalid(`${port}.hostPort`, hostPort, problem);
      }
    });
  });
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;

function checkDns(
  findings: Findings,
  path: string,
  policy: string | undefined,
  config: PodDNSConfig | undefined,
): void {
  if (policy === 'None' && !config) {
    findings.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
    return;
  }
  const { nameservers = [], searches = [], options } = config ?? {};
  if (policy === 'None' && nameservers.length === 0) {
    const problem = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    findings.required(`${path}.nameservers`, problem);
    return;
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    const problem = `must not have more than ${MAX_NAMESERVERS} nameservers`;
    findings.invalid(`${path}.nameservers`, nameservers, problem);
  }
  findings.each(`${path}.nameservers`, nameservers, (server, at) => checkAddress(findings, at, server));
  const list = `${path}.searches`;
  if (searches.length > MAX_SEARCHES)
    findings.invalid(list, searches, `must not have more than ${MAX_SEARCHES} search paths`);
  if (searches.join(' ').length > MAX_SEARCH_LENGTH) {
    const problem = `must not have more than ${MAX_SEARCH_LENGTH} characters (including spaces) in the search list`;
    findings.invalid(list, searches, problem);
  }
  findings.each(list, searches, (search, at) => {
    const name = search.replace(/\.$/, '');
    if (search !== '.') findings.invalidEach(at, name, searchDomainProblems(name));
  });
  findings.each(`${path}.options`, options, ({ name }, at) => {
    if (!name) findings.required(at, 'must not be empty');
  });
}

function checkGates(
  findings: Findings,
  path: string,
  readiness: readonly PodReadinessGate[] | undefined,
  scheduling: readonly PodSchedulingGate[] | undefined,
): void {
  findings.each(`${path}.readinessGates`, readiness, ({ conditionType }, at) =>
    findings.qualifiedName(`${at}.conditionType`, conditionType),
  );
  const taken = new Set<string>();
  findings.each(`${path}.schedulingGates`, scheduling, ({ name }, at) => {
    findings.qualifiedName(at, name);
    if (taken.has(name)) findings.duplicate(at, name);
    taken.add(name);
  });
}

function checkHostAliases(findings: Findings, path: string, aliases: readonly HostAlias[] | undefined): void {
  findings.each(path, aliases, ({ ip = '', hostnames }, at) => {
    checkAddress(findings, `${at}.ip`, ip);
    findings.each(`${at}.hostnames`, hostnames, (name, place) => findings.name(place, 'subdomain', name));
  });
}

function checkResourceClaims(findings: Findings, path: string, claims: readonly PodResourceClaim[] | undefined): void {
  const taken = new Set<string>();
  findings.each(path, claims, ({ name, resourceClaimName, resourceClaimTemplateName }, at) => {
    if (findings.present(`${at}.name`, name)) {
      if (taken.has(name)) findings.duplicate(`${at}.name`, name);
      else findings.name(`${at}.name`, 'label', name);
      taken.add(name);
    }
    const claim = shown({
      Name: name,
      ResourceClaimName: resourceClaimName,
      ResourceClaimTemplateName: resourceClaimTemplateName,
    });
    for (const [kind, given] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
      if (given !== undefined) findings.name(`${at}.${kind}`, 'subdomain', given);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const problem = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      findings.invalid(at, claim, problem);
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      findings.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
  });
}

/** Users of its own are not for who shares the host's processes. */
function checkOwnUsers(findings: Findings, path: string, { hostNetwork, hostPID, hostIPC }: PodSpec): void {
  for (const [name, set] of Object.entries({ hostNetwork, HostPID: hostPID, HostIPC: hostIPC }))
    if (set) findings.forbidden(`${path}.${name}`, 'when `hostUsers` is false');
}

const SYSTEMS = ['linux', 'windows'];

/** What only one system knows. */
const unknownTo: Readonly<Record<string, { pod: readonly string[]; context: readonly string[]; words: string }>> = {
  linux: { pod: [], context: ['windowsOptions'], words: 'windows options cannot be set for a linux pod' },
  windows: {
    pod: ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
    context: [
      'appArmorProfile',
      'seLinuxOptions',
      'seccompProfile',
      'fsGroup',
      'fsGroupChangePolicy',
      'sysctls',
      'runAsUser',
      'runAsGroup',
      'supplementalGroups',
      'capabilities',
      'readOnlyRootFilesystem',
      'privileged',
      'allowPrivilegeEscalation',
      'procMount',
    ],
    words: 'cannot be set for a windows pod',
  },
};

function checkSystem(findings: Findings, path: string, spec: PodSpec): void {
  const name = spec.os?.name ?? '';
  if (name === '') {
    findings.required(`${path}.os.name`);
    return;
  }
  findings.oneOf(`${path}.os`, name, SYSTEMS);
  const rules = unknownTo[name];
  if (!rules) return;
  const refuse = (at: string, given: object | undefined, names: readonly string[]): void => {
    for (const key of Object.keys(given ?? {}))
      if (names.includes(key)) findings.forbidden(`${at}.${key}`, rules.words);
  };
  refuse(path, spec, rules.pod);
  refuse(`${path}.securityContext`, spec.securityContext, rules.context);
  for (const list of ['initContainers', 'containers'] as const)
    findings.each(`${path}.${list}`, spec[list], ({ securityContext }, at) =>
      refuse(`${at}.securityContext`, securityContext, rules.context),
    );
}
