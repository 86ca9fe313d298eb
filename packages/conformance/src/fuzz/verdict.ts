// What a server says of an object, without what must differ between two servers.
import type { Reply } from './server.js';

export interface Verdict {
  code: number;
  reason: string;
  /** What it found, in an order that does not depend on who looked first. */
  findings: readonly string[];
  /** What it would have stored. */
  stored: string;
}

/** What each server makes up by itself. */
const ownFields = new Set(['uid', 'creationTimestamp', 'resourceVersion', 'managedFields', 'selfLink', 'status']);

interface Status {
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; field?: string; message?: string }[] };
}

export function verdictOf({ code, body }: Reply): Verdict {
  if (code < 300) return { code, reason: '', findings: [], stored: plain(JSON.stringify(sorted(body))) };
  const { reason = '', message = '', details } = (body ?? {}) as Status;
  const findings = (details?.causes ?? []).map(
    ({ reason = '', field = '', message = '' }) => `${field}: ${reason}: ${short(message)}`,
  );
  return {
    code,
    reason: reason,
    // Of what cannot be decoded each says in its own words what is wrong.
    findings: code === 400 ? [] : findings.length > 0 ? [...new Set(findings)].sort() : [short(message)],
    stored: '',
  };
}

/** Values that are whole structures are printed as Go has them, and differences after the first line. */
const short = (message: string): string =>
  plain(message.split('\n')[0] ?? '').replace(
    /^(Invalid value|Unsupported value|Duplicate value|Internal error): (?:[{[&].*?[}\]]|null|"<template>"): /,
    '$1: …: ',
  );

const plain = (text: string): string =>
  text
    // OpenShift's servers mount another certificate beside the token.
    .replaceAll(/,\{"configMap":\{"items":\[\{"key":"service-ca.crt".*?\}\}/g, '')
    .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-*')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/"(clusterIP|nodePort)":("10\.[\d.]+"|3[0-2]\d{3})/g, '"$1":"*"')
    .replaceAll(/"healthCheckNodePort":\d+/g, '"healthCheckNodePort":"*"')
    .replaceAll(/"clusterIPs":\["10\.[\d.]+"\]/g, '"clusterIPs":["*"]')
    // Addresses that it has handed out, and the key under which it keeps an object.
    .replaceAll(/"10\.96\.[\d.]+": expected an IPv6/g, '"*": expected an IPv6')
    .replaceAll(/StorageError: invalid object, Code: 4, Key: \S+, ResourceVersion: 0, AdditionalErrorMsg: /g, '')
    // A real server has its controller hold a CRD, a moment later.
    .replaceAll(/"finalizers":\["customresourcecleanup\.apiextensions\.k8s\.io"\],/g, '');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !ownFields.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}

/** How the second differs from the first, in words; undefined when they agree. */
export function difference(first: Verdict, second: Verdict): string | undefined {
  if (first.code !== second.code || first.reason !== second.reason) return `${told(first)}  |  ${told(second)}`;
  const lost = first.findings.filter((finding) => !second.findings.includes(finding));
  const found = second.findings.filter((finding) => !first.findings.includes(finding));
  if (lost.length > 0 || found.length > 0)
    return `${lost.join('; ') || 'nothing'}  |  ${found.join('; ') || 'nothing'}`;
  if (first.stored === second.stored) return undefined;
  const at = [...first.stored].findIndex((char, index) => char !== second.stored[index]);
  const around = ({ stored }: Verdict): string => `…${stored.slice(Math.max(0, at - 60), at + 60)}…`;
  return `stored ${around(first)}  |  ${around(second)}`;
}

const told = ({ code, reason, findings }: Verdict): string =>
  [code, reason, ...findings]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, 400);
