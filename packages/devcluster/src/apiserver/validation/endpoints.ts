// Endpoints and EndpointSlices: where Services lead.
import type { Endpoints, EndpointSlice } from '@stackwright/kube';
import type { EndpointAddress } from 'kubernetes-types/core/v1.d.ts';
import type { Endpoint, EndpointHints, EndpointPort } from 'kubernetes-types/discovery/v1.d.ts';
import { equal } from '../json.js';
import { nameProblems } from '../schema/formats.js';
import { checkAddress, checkCanonicalAddress, checkEndpointAddress, familyOf } from './addresses.js';
import { found, IMMUTABLE, type Findings } from './findings.js';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TYPES = ['FQDN', 'IPv4', 'IPv6'];

/** `mayBeHere`: addresses may be on loopback. */
export function checkEndpoints(findings: Findings, { subsets }: Endpoints, mayBeHere: boolean): void {
  findings.each('subsets', subsets, ({ addresses = [], notReadyAddresses = [], ports = [] }, at) => {
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      findings.required(at, 'must specify `addresses` or `notReadyAddresses`');
    for (const [name, list] of Object.entries({ addresses, notReadyAddresses }))
      findings.each(`${at}.${name}`, list, (address, place) => checkSubsetAddress(findings, place, address, mayBeHere));
    findings.each(`${at}.ports`, ports, ({ name = '', port, protocol, appProtocol }, place) => {
      if (name !== '') findings.name(`${place}.name`, 'label', name);
      else if (ports.length > 1) findings.required(`${place}.name`);
      findings.port(`${place}.port`, port);
      findings.choice(`${place}.protocol`, protocol, PROTOCOLS);
      if (appProtocol !== undefined) findings.qualifiedName(`${place}.appProtocol`, appProtocol);
    });
  });
}

function checkSubsetAddress(
  findings: Findings,
  path: string,
  { ip, hostname = '', nodeName }: EndpointAddress,
  mayBeHere: boolean,
): void {
  checkAddress(findings, `${path}.ip`, ip);
  if (hostname !== '') findings.name(`${path}.hostname`, 'label', hostname);
  if (nodeName !== undefined) findings.name(`${path}.nodeName`, 'subdomain', nodeName);
  checkEndpointAddress(findings, `${path}.ip`, ip, mayBeHere);
}

/** `mayBeHere`: addresses may be on loopback. */
export function checkEndpointSlice(
  findings: Findings,
  slice: EndpointSlice,
  old: EndpointSlice | undefined,
  mayBeHere: boolean,
): void {
  const { addressType, endpoints, ports } = slice;
  findings.choice('addressType', addressType, TYPES);
  checkPorts(findings, ports ?? []);
  const errors = found((inner) => checkTargets(inner, endpoints, addressType, mayBeHere));
  // Those of former versions are let through as long as nobody touches them.
  if (!old || !equal(endpoints, old.endpoints)) findings.add(errors);
  if (old && addressType !== old.addressType) findings.invalid('addressType', addressType, IMMUTABLE);
}

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;

function checkTargets(findings: Findings, endpoints: readonly Endpoint[], type: string, mayBeHere: boolean): void {
  if (!findings.atMost('endpoints', endpoints, MAX_ENDPOINTS)) return;
  findings.each('endpoints', endpoints, ({ addresses, nodeName, hostname, hints }, at) => {
    const path = `${at}.addresses`;
    if (addresses.length === 0) findings.required(path, 'must contain at least 1 address');
    findings.atMost(path, addresses, MAX_ADDRESSES);
    findings.each(path, addresses, (address, place) => {
      if (type === 'FQDN') checkDomain(findings, place, address);
      else if (type === 'IPv4' || type === 'IPv6') checkTarget(findings, path, place, type, address, mayBeHere);
    });
    if (nodeName !== undefined) findings.name(`${at}.nodeName`, 'subdomain', nodeName);
    if (hostname !== undefined) findings.name(`${at}.hostname`, 'label', hostname);
    if (hints) checkHints(findings, `${at}.hints`, hints);
  });
}

function checkTarget(
  findings: Findings,
  list: string,
  at: string,
  type: 'IPv4' | 'IPv6',
  address: string,
  mayBeHere: boolean,
): void {
  const good = type === 'IPv6' ? checkCanonicalAddress(findings, at, address) : checkAddress(findings, at, address);
  if (!good) return;
  if (familyOf(address) !== type) findings.invalid(list, address, `must be an ${type} address`);
  checkEndpointAddress(findings, at, address, mayBeHere);
}

function checkDomain(findings: Findings, path: string, text: string): void {
  if (!findings.present(path, text)) return;
  const name = text.replace(/\.$/, '');
  const problems = nameProblems('subdomain', name);
  const labels = name.split('.');
  const faulty = labels.find((label) => nameProblems('label', label).length > 0);
  if (problems.length > 0) findings.invalid(path, name, problems.join(','));
  else if (labels.length < 2)
    findings.invalid(path, name, 'should be a domain with at least two segments separated by dots');
  else if (faulty !== undefined) findings.invalid(path, faulty, nameProblems('label', faulty).join(','));
}

function checkHints(findings: Findings, path: string, { forZones = [], forNodes = [] }: EndpointHints): void {
  if (!findings.atMost(`${path}.forZones`, forZones, MAX_HINTS)) return;
  findings.each(`${path}.forZones`, forZones, ({ name }, at, index) => {
    if (forZones.findIndex((zone) => zone.name === name) < index) findings.duplicate(`${at}.name`, name);
    findings.labelValue(`${at}.name`, name);
  });
  if (!findings.atMost(`${path}.forNodes`, forNodes, MAX_HINTS)) return;
  findings.each(`${path}.forNodes`, forNodes, ({ name }, at, index) => {
    if (forNodes.findIndex((node) => node.name === name) < index) findings.duplicate(`${at}.name`, name);
    findings.name(`${at}.name`, 'subdomain', name);
  });
}

function checkPorts(findings: Findings, ports: readonly EndpointPort[]): void {
  if (!findings.atMost('ports', ports, MAX_PORTS)) return;
  const names = new Set<string>();
  findings.each('ports', ports, ({ name = '', protocol = '', appProtocol }, at) => {
    if (name !== '') findings.name(`${at}.name`, 'label', name);
    if (names.has(name)) findings.duplicate(`${at}.name`, name);
    names.add(name);
    findings.oneOf(`${at}.protocol`, protocol, PROTOCOLS);
    if (appProtocol !== undefined) findings.qualifiedName(`${at}.appProtocol`, appProtocol);
  });
}
