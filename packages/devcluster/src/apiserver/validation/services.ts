// Services: ports, types, addresses and what goes with each of them.
import type { Service } from '@stackwright/kube';
import type { ServicePort, ServiceSpec } from 'kubernetes-types/core/v1.d.ts';
import { validateLabels } from '../schema/names.js';
import { checkAddress, checkEndpointAddress, checkNetwork, familyOf } from './addresses.js';
import type { Findings } from './findings.js';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const POLICIES = ['Cluster', 'Local'];
const AFFINITIES = ['ClientIP', 'None'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const DAY = 86_400;

export const isHeadless = ({ clusterIPs }: ServiceSpec): boolean =>
  clusterIPs?.length === 1 && clusterIPs[0] === 'None';

export const hasClusterIP = ({ type }: ServiceSpec): boolean =>
  type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';

export const hasNodePorts = ({ type, allocateLoadBalancerNodePorts = true }: ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts);

export const isExternallyAccessible = ({ type, externalIPs = [] }: ServiceSpec): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0);

export const hasHealthCheck = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

/** What must be right before there can be an address: found alone, since nothing else is looked at then. */
export function checkFamilies(findings: Findings, spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  checkClusterIPs(findings, spec);
  if (findings.any) return;
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy = 'SingleStack', selector = {} } = spec;
  const policy = 'spec.ipFamilyPolicy';
  const several = (what: string): string =>
    `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  if (ipFamilyPolicy === 'SingleStack') {
    if (clusterIPs.length === 2) findings.invalid(policy, ipFamilyPolicy, several('cluster IPs'));
    if (ipFamilies.length === 2) findings.invalid(policy, ipFamilyPolicy, several('IP families'));
  }
  for (const [index, address] of clusterIPs.entries()) {
    const family = familyOf(address);
    if (index >= ipFamilies.length && family === 'IPv6')
      findings.invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`);
  }
  // Whoever says where it leads by itself may say whatever family.
  if (findings.any || (spec.clusterIP === 'None' && Object.keys(selector).length === 0)) return;
  if (ipFamilyPolicy === 'RequireDualStack')
    findings.invalid(policy, ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  findings.each('spec.ipFamilies', ipFamilies, (family, at) => {
    if (family !== 'IPv4') findings.invalid(at, family, 'not configured on this cluster');
  });
}

function checkClusterIPs(findings: Findings, spec: ServiceSpec): void {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const path = 'spec.clusterIPs';
  if (clusterIP === '') {
    if (clusterIPs.length > 0) findings.invalid(path, clusterIPs, 'must be empty when `clusterIP` is not specified');
  } else if (clusterIPs.length === 0) findings.required(path);
  else if (clusterIPs[0] !== clusterIP) findings.invalid(path, clusterIPs, 'first value must match `clusterIP`');
  findings.each('spec.ipFamilies', ipFamilies, (family, at, index) => {
    findings.oneOf(at, family, FAMILIES);
    if (ipFamilies.indexOf(family) < index) findings.duplicate(at, family);
  });
  if (ipFamilyPolicy !== undefined) findings.oneOf('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES);
  let faulty = false;
  findings.each(path, clusterIPs, (address, at, index) => {
    if (index > 0 || address !== 'None') {
      if (!checkAddress(findings, at, address)) faulty = true;
    } else if (clusterIPs.length > 1) {
      faulty = true;
      findings.invalid(path, clusterIPs, "'None' must be the first and only value");
    }
  });
  if (clusterIPs.length > 2) findings.invalid(path, clusterIPs, 'may only hold up to 2 values');
  if (faulty || isHeadless(spec)) return;
  const families = clusterIPs.map(familyOf);
  if (families.length > 1 && new Set(families).size < 2)
    findings.invalid(path, clusterIPs, 'may specify no more than one IP for each IP family');
  for (const [index, expected] of ipFamilies.slice(0, clusterIPs.length).entries()) {
    if (families[index] === expected || !FAMILIES.includes(expected)) continue;
    const problem = `expected an ${expected} value as indicated by \`ipFamilies[${index}]\``;
    findings.invalid(`${path}[${index}]`, clusterIPs[index], problem);
  }
}

export function checkService(findings: Findings, { metadata = {}, spec = {} }: Service): void {
  checkType(findings, spec);
  checkPorts(findings, spec);
  findings.add(validateLabels(spec.selector, 'spec.selector'));
  checkAffinity(findings, spec);
  checkClusterIPsUnlessExternal(findings, spec);
  findings.each('spec.externalIPs', spec.externalIPs, (address, at) => {
    if (checkAddress(findings, at, address)) checkEndpointAddress(findings, at, address, false);
  });
  findings.choice('spec.type', spec.type, TYPES);
  checkBalancer(findings, spec, metadata.annotations ?? {});
  checkTraffic(findings, spec);
}

function checkClusterIPsUnlessExternal(findings: Findings, spec: ServiceSpec): void {
  if (spec.type !== 'ExternalName') checkClusterIPs(findings, spec);
}

function checkType(findings: Findings, spec: ServiceSpec): void {
  const { type = '', ports = [], clusterIPs = [], ipFamilies = [], ipFamilyPolicy, externalName = '' } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') findings.required('spec.ports');
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec))
    findings.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  if (type !== 'ExternalName') return;
  const refused = 'may not be set for ExternalName services';
  if (clusterIPs.length > 0) findings.forbidden('spec.clusterIPs', refused);
  if (ipFamilies.length > 0) findings.forbidden('spec.ipFamilies', refused);
  if (ipFamilyPolicy !== undefined) findings.forbidden('spec.ipFamilyPolicy', refused);
  const name = externalName.replace(/\.$/, '');
  if (findings.present('spec.externalName', name)) findings.name('spec.externalName', 'subdomain', name);
}

function checkPorts(findings: Findings, { type, ports = [] }: ServiceSpec): void {
  const names = new Set<string>();
  const taken = new Set<string>();
  const nodePorts = new Set<string>();
  findings.each('spec.ports', ports, (port, at) => {
    checkPort(findings, at, port, ports.length > 1, names);
    const { protocol = '', nodePort = 0 } = port;
    if (type === 'ClusterIP' && nodePort !== 0)
      findings.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'");
    if (nodePort !== 0 && nodePorts.has(`${protocol}/${nodePort}`)) findings.duplicate(`${at}.nodePort`, nodePort);
    nodePorts.add(`${protocol}/${nodePort}`);
    if (taken.has(`${protocol}/${port.port}`)) {
      const key = { Name: '', Protocol: protocol, AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 };
      findings.duplicate(at, key);
    }
    taken.add(`${protocol}/${port.port}`);
  });
}

function checkPort(findings: Findings, at: string, port: ServicePort, named: boolean, names: Set<string>): void {
  const { name = '', protocol, targetPort = 0, appProtocol } = port;
  if (name === '') {
    if (named) findings.required(`${at}.name`);
  } else {
    findings.name(`${at}.name`, 'label', name);
    if (names.has(name)) findings.duplicate(`${at}.name`, name);
    names.add(name);
  }
  findings.port(`${at}.port`, port.port);
  findings.choice(`${at}.protocol`, protocol, PROTOCOLS);
  findings.portOrName(`${at}.targetPort`, targetPort);
  if (appProtocol !== undefined) findings.qualifiedName(`${at}.appProtocol`, appProtocol);
}

function checkAffinity(findings: Findings, { sessionAffinity, sessionAffinityConfig }: ServiceSpec): void {
  findings.choice('spec.sessionAffinity', sessionAffinity, AFFINITIES);
  const path = 'spec.sessionAffinityConfig';
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > DAY))
    findings.invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${DAY}`);
  if (sessionAffinity === 'None' && sessionAffinityConfig)
    findings.forbidden(path, 'must not be set when session affinity is None');
}

const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";

function checkBalancer(findings: Findings, spec: ServiceSpec, annotations: Record<string, string>): void {
  const { type, loadBalancerSourceRanges = [], loadBalancerClass, allocateLoadBalancerNodePorts } = spec;
  const balanced = type === 'LoadBalancer';
  const annotated = annotations[SOURCE_RANGES];
  if (loadBalancerSourceRanges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (!balanced) findings.forbidden(path, ONLY_BALANCED);
    findings.each(path, loadBalancerSourceRanges, (range, at) => checkNetwork(findings, at, range.trim()));
  } else if (annotated !== undefined) {
    const path = `metadata.annotations[${SOURCE_RANGES}]`;
    if (!balanced) findings.forbidden(path, ONLY_BALANCED);
    for (const range of annotated.trim() === '' ? [] : annotated.split(',')) checkNetwork(findings, path, range.trim());
  }
  if (allocateLoadBalancerNodePorts !== undefined && !balanced)
    findings.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED);
  if (loadBalancerClass === undefined) return;
  if (balanced) findings.qualifiedName('spec.loadBalancerClass', loadBalancerClass);
  else findings.forbidden('spec.loadBalancerClass', ONLY_BALANCED);
}

function checkTraffic(findings: Findings, spec: ServiceSpec): void {
  const { externalTrafficPolicy = '', healthCheckNodePort = 0, internalTrafficPolicy, trafficDistribution } = spec;
  if (isExternallyAccessible(spec)) findings.choice('spec.externalTrafficPolicy', externalTrafficPolicy, POLICIES);
  else if (externalTrafficPolicy !== '') {
    const problem = 'may only be set for externally-accessible services';
    findings.invalid('spec.externalTrafficPolicy', externalTrafficPolicy, problem);
  }
  if (hasHealthCheck(spec)) {
    if (healthCheckNodePort !== 0) findings.port('spec.healthCheckNodePort', healthCheckNodePort);
  } else if (healthCheckNodePort !== 0) {
    const problem = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    findings.invalid('spec.healthCheckNodePort', healthCheckNodePort, problem);
  }
  if (internalTrafficPolicy !== undefined)
    findings.oneOf('spec.internalTrafficPolicy', internalTrafficPolicy, POLICIES);
  if (trafficDistribution !== undefined) findings.oneOf('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS);
}

export function checkServiceUpdate(findings: Findings, spec: ServiceSpec, old: ServiceSpec): void {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const { clusterIPs: before = [], ipFamilies: familiesBefore = [] } = old;
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!isHeadless(spec) || !isHeadless(old)) checkKept(findings, 'clusterIPs', clusterIPs, before);
    if (!isHeadless(spec) && !isHeadless(old)) checkKept(findings, 'ipFamilies', ipFamilies, familiesBefore);
  }
  if (spec.type === 'LoadBalancer' && old.type === 'LoadBalancer' && spec.loadBalancerClass !== old.loadBalancerClass)
    findings.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set');
  if (hasHealthCheck(spec) && hasHealthCheck(old) && spec.healthCheckNodePort !== old.healthCheckNodePort)
    findings.forbidden('spec.healthCheckNodePort', 'field is immutable');
}

/** What a Service was given first it keeps. */
function checkKept(findings: Findings, name: string, now: readonly string[], before: readonly string[]): void {
  const path = `spec.${name}`;
  if (before.length > 0 && now.length === 0)
    findings.invalid(
      `${path}[0]`,
      now,
      name === 'clusterIPs' ? 'primary clusterIP can not be unset' : 'primary ipFamily can not be unset',
    );
  else if (now.length === before.length) {
    for (const [index, value] of before.entries()) {
      const at = name === 'clusterIPs' ? index : 0;
      if (value !== now[index]) findings.invalid(`${path}[${at}]`, now, 'may not change once set');
    }
  } else if (before.length > 0 && now[0] !== before[0]) {
    findings.invalid(`${path}[0]`, now, 'may not change once set');
  }
}
