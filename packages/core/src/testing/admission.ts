// What the API server would make of an object with these webhooks, without a server.
import type { Client, KubeObject } from '@stackwright/kube';
import jsonpatch, { type Operation as PatchOperation } from 'fast-json-patch';
import type { Reader } from '../reader.js';
import { noSpan } from '../tracing/tracer.js';
import { admit, type AdmissionRequest } from '../webhook/admission.js';
import { convert } from '../webhook/conversion.js';
import type { Operation, UserInfo, Webhook } from '../webhook/webhook.js';
import { FakeClient } from './fake-client.js';
import { recordingLogger } from './logger.js';

export interface AdmissionAttempt<T extends KubeObject> {
  operation: Operation;
  /** Not for DELETE. */
  object?: T;
  /** For UPDATE and DELETE: what is stored. */
  oldObject?: T;
  user?: UserInfo;
  dryRun?: boolean;
}

export interface AdmissionOutcome<T extends KubeObject> {
  allowed: boolean;
  /** As it would be stored. */
  object: T | undefined;
  warnings: readonly string[];
  /** Of the refusal, as the user would read it. */
  message: string | undefined;
  code: number | undefined;
}

/** Runs the defaulter, then the validator. `using`: what handlers get; default: an empty API and an empty cache. */
export async function admission<T extends KubeObject>(
  webhook: Webhook<T>,
  { operation, object, oldObject, user = { username: 'tester' }, dryRun = false }: AdmissionAttempt<T>,
  using: { client?: Client; cache?: Reader; signal?: AbortSignal } = {},
): Promise<AdmissionOutcome<T>> {
  const environment = {
    client: using.client ?? new FakeClient(),
    cache: using.cache ?? emptyCache,
    log: recordingLogger(),
    span: noSpan,
    signal: using.signal ?? new AbortController().signal,
    panicked: () => undefined,
  };
  let current = object && structuredClone(object);
  const warnings: string[] = [];
  for (const part of ['mutate', 'validate'] as const) {
    if (part === 'mutate' && operation === 'DELETE') continue;
    const request: AdmissionRequest = {
      uid: 'test',
      operation,
      userInfo: user,
      dryRun,
      ...(current && { object: current }),
      ...(oldObject && { oldObject }),
    };
    const response = await admit(webhook, part, request, environment);
    warnings.push(...(response.warnings ?? []));
    if (!response.allowed) {
      const { message, code } = response.status ?? {};
      return { allowed: false, object: current, warnings, message, code };
    }
    if (current && response.patch) {
      const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as PatchOperation[];
      current = jsonpatch.applyPatch(current, patch).newDocument;
    }
  }
  return { allowed: true, object: current, warnings, message: undefined, code: undefined };
}

/** The object in another version, as the API server would get it. Throws with the message of a failed conversion. */
export function conversion(webhook: Webhook, object: KubeObject, apiVersion: string): KubeObject {
  const request = { uid: 'test', desiredAPIVersion: apiVersion, objects: [object] };
  const { convertedObjects, result } = convert([webhook], request, {
    log: recordingLogger(),
    panicked: () => undefined,
  });
  const [converted] = convertedObjects;
  if (!converted) throw new Error(result.status === 'Failed' ? result.message : 'nothing was converted');
  return converted;
}

const emptyCache: Reader = { get: () => undefined, list: () => [] };
