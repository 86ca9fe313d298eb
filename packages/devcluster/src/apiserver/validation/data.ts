// Secrets and ConfigMaps.
import type { ConfigMap, Secret } from '@stackwright/kube';
import { equal } from '../json.js';
import { IMMUTABLE, type Findings } from './findings.js';

const MAX_DATA = 1024 * 1024;
const SEALED = 'field is immutable when `immutable` is set';

type Data = Readonly<Record<string, string>>;

const plainSize = (text: string): number => Buffer.byteLength(text);

/** As many bytes as a text in base64 stands for. */
const decodedSize = (text: string): number => Buffer.byteLength(text, 'base64');

const total = (data: Data | undefined, size: (text: string) => number): number =>
  Object.values(data ?? {}).reduce((sum, value) => sum + size(value), 0);

function checkKeys(findings: Findings, path: string, data: Data | undefined): void {
  for (const key of Object.keys(data ?? {})) findings.configKey(`${path}[${key}]`, key);
}

export function checkConfigMap(findings: Findings, config: ConfigMap, old: ConfigMap | undefined): void {
  const { data, binaryData } = config;
  if (old?.immutable) {
    if (!config.immutable) findings.forbidden('immutable', SEALED);
    if (!equal(data, old.data)) findings.forbidden('data', SEALED);
    if (!equal(binaryData, old.binaryData)) findings.forbidden('binaryData', SEALED);
  }
  checkKeys(findings, 'data', data);
  for (const key of Object.keys(data ?? {}))
    if (binaryData?.[key] !== undefined)
      findings.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
  checkKeys(findings, 'binaryData', binaryData);
  if (total(data, plainSize) + total(binaryData, decodedSize) > MAX_DATA) findings.tooLong('', MAX_DATA);
}

const ACCOUNT = 'kubernetes.io/service-account.name';

export function checkSecret(findings: Findings, secret: Secret, old: Secret | undefined): void {
  const { data, type = '' } = secret;
  if (old && old.type !== type) findings.invalid('type', type, IMMUTABLE);
  if (old?.immutable) {
    if (!secret.immutable) findings.forbidden('immutable', SEALED);
    if (!equal(data, old.data)) findings.forbidden('data', SEALED);
  }
  checkKeys(findings, 'data', data);
  if (total(data, decodedSize) > MAX_DATA) findings.tooLong('data', MAX_DATA);
  checkContents(findings, type, data ?? {}, secret.metadata?.annotations ?? {});
}

function checkContents(findings: Findings, type: string, data: Data, annotations: Data): void {
  const needs = (key: string): void => {
    if (data[key] === undefined) findings.required(`data[${key}]`);
  };
  switch (type) {
    case 'kubernetes.io/service-account-token':
      if (!annotations[ACCOUNT]) findings.required(`metadata.annotations[${ACCOUNT}]`);
      return;
    case 'kubernetes.io/dockercfg':
      checkJson(findings, '.dockercfg', data);
      return;
    case 'kubernetes.io/dockerconfigjson':
      checkJson(findings, '.dockerconfigjson', data);
      return;
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined)
        for (const key of ['username', 'password']) needs(key);
      return;
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) findings.required('data[ssh-privatekey]');
      return;
    case 'kubernetes.io/tls':
      needs('tls.crt');
      needs('tls.key');
      return;
    default:
  }
}

function checkJson(findings: Findings, key: string, data: Data): void {
  const text = data[key];
  if (text === undefined) {
    findings.required(`data[${key}]`);
    return;
  }
  const refuse = (problem: string): void => findings.invalid(`data[${key}]`, '<secret contents redacted>', problem);
  const decoded = Buffer.from(text, 'base64').toString();
  try {
    const value: unknown = JSON.parse(decoded);
    if (typeof value !== 'object' || Array.isArray(value)) {
      const given = Array.isArray(value) ? 'array' : typeof value;
      refuse(`json: cannot unmarshal ${given} into Go value of type map[string]interface {}`);
    }
  } catch {
    const [first = ''] = decoded.trimStart();
    refuse(
      first === '' ? 'unexpected end of JSON input' : `invalid character '${first}' looking for beginning of value`,
    );
  }
}
