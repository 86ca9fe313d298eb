// The certificate of a service's APIs. What a user's Secret holds is checked and copied before Pods see it, so that one that is
// taken away or broken changes nothing of what runs, not even when a Pod starts anew.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Reason } from '@stackwright/api';
import { done, failed, hashOf, waiting, type Outcome, type StepHandle, type StepScope } from '@stackwright/graph';
import { formatTime, Secret } from '@stackwright/kube';
import { usableSecret, usableValues, secretReference } from '../secrets/usable-by.js';
import { secretWith, valuesOf } from '../secrets/secret.js';
import { keepVersions, wantVersion, versionName } from '../workload/versions.js';
import type { ServiceObject, Tls } from './builder.js';
import type { ObjectPods } from '../workload/object-pods.js';
import type { Declaration } from './declaration.js';
import { tlsDirectory } from './served.js';

/** Step 'Tls': Done without a certificate where none is asked for. `services`: those that the certificate must be good for. */
export function tlsStep<R extends ServiceObject>(
  { g, release, pods }: Declaration<R>,
  services: (object: string) => readonly string[],
): StepHandle<Tls | undefined> {
  return g.step({
    name: 'Tls',
    after: [release],
    owns: [Secret],
    reads: pods.reads(),
    run(scope): Outcome<Tls | undefined> {
      const { tls } = scope.object.spec;
      if (!tls) {
        keepVersions(scope, pods, Secret, secretBase(scope.name));
        return done(undefined);
      }
      const { name } = tls.secretRef;
      const use = { name, service: scope.output(release).service, field: 'spec.tls.secretRef' };
      const usable = usableSecret(scope, use);
      if (usable.state !== 'Done') return usable;
      const pair = usableValues(scope, use, ['tls.crt', 'tls.key']);
      if (pair.state !== 'Done') return pair;
      const authority = valuesOf(usable.output, ['ca.crt']);
      const ca = 'values' in authority ? authority.values['ca.crt'] : undefined;

      const hosts = services(scope.name).map((service) => `${service}.${scope.namespace}.svc`);
      const problem = problemOf(pair.output['tls.crt'], pair.output['tls.key'], ca, hosts, scope.clock.now());
      if (problem !== undefined) {
        const on = secretReference(name, scope);
        return failed(Reason.SecretIncomplete, `Secret ${name} (${use.field}): ${problem}`, { on });
      }
      const copy = copied(scope, pods, { ...pair.output, ...(ca === undefined ? {} : { 'ca.crt': ca }) });
      if (copy.state !== 'Done') return copy;
      const { after, warning } = endOf(new X509Certificate(pair.output['tls.crt']), scope.clock.now());
      return done(copy.output, { after, ...(warning === undefined ? {} : { warning: expiring(name, warning) }) });
    },
  });
}

function copied<R extends ServiceObject>(
  scope: StepScope<R>,
  pods: ObjectPods,
  values: Readonly<Record<string, string>>,
): Outcome<Tls | undefined> {
  const base = secretBase(scope.name);
  const hash = hashOf(values);
  const name = versionName(base, hash);
  if (!wantVersion(scope, pods, Secret, secretWith(base, values), hash)) {
    return waiting(Reason.Pending, `Secret ${name} is being created`);
  }
  const ca = values['ca.crt'];
  return done({
    certificate: `${tlsDirectory}/tls.crt`,
    key: `${tlsDirectory}/tls.key`,
    mount: { path: tlsDirectory, secret: name, base },
    ...(ca === undefined ? {} : { ca }),
  });
}

const secretBase = (object: string): string => `${object}-tls`;

/** What would keep uwsgi from starting with it, or clients from trusting it. Never quotes what the Secret holds. */
function problemOf(
  chain: string,
  key: string,
  ca: string | undefined,
  hosts: readonly string[],
  now: number,
): string | undefined {
  const certificate = parsed(() => new X509Certificate(chain));
  if (!certificate) return 'tls.crt is no certificate in PEM';
  const privateKey = parsed(() => createPrivateKey(key));
  if (!privateKey) return 'tls.key is no private key in PEM (without a passphrase)';
  if (!certificate.checkPrivateKey(privateKey)) return 'tls.key does not belong to tls.crt';
  if (ca !== undefined && !parsed(() => new X509Certificate(ca))) return 'ca.crt is no certificate in PEM';
  const { validTo } = lifeOf(certificate);
  if (validTo <= now) return `the certificate ended at ${formatTime(validTo)}`;
  const missing = hosts.filter((host) => certificate.checkHost(host) === undefined);
  return missing.length > 0 ? `the certificate is not good for ${missing.join(', ')}` : undefined;
}

/** Of its life: who renews in time has a third left, so that less than a tenth means that nobody does. */
const lastPart = 0.1;

/** When to look again, in milliseconds, and from when on to say what: the end, when it is near. */
function endOf(certificate: X509Certificate, now: number): { after: number; warning?: number } {
  const { validFrom, validTo } = lifeOf(certificate);
  const isNear = validTo - now < (validTo - validFrom) * lastPart;
  // Timers are no calendars.
  return { after: Math.min(validTo - now, day), ...(isNear ? { warning: validTo } : {}) };
}

const day = 86_400_000;

const expiring = (secret: string, end: number) => ({
  reason: Reason.CertificateExpiring,
  message: `The certificate of Secret ${secret} ends at ${formatTime(end)}`,
});

/** Milliseconds since the epoch. */
function lifeOf({ validFrom, validTo }: X509Certificate): { validFrom: number; validTo: number } {
  return { validFrom: Date.parse(validFrom), validTo: Date.parse(validTo) };
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
