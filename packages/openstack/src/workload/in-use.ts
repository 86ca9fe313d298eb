// Of a server that may run here or elsewhere: which one serves. What the spec names serves when it has answered, and holds what claims
// have (`serverEndpointStep`); until then it is the one before.
import { isReady, type Conditioned } from '@stackwright/api';
import type { Reconciled } from '@stackwright/graph';
import { serviceOfPods } from './server.js';

export interface MayBeElsewhere extends Reconciled {
  spec: { external?: { secretRef: { name: string } } };
}

/** Of an object that is not Ready `status.externalSecret` says it. */
export interface InUse {
  /** The Secret of the external server; undefined: the one that is run here serves. */
  externalSecret: string | undefined;
}

export function serverInUseOf(object: Readonly<MayBeElsewhere & Conditioned>): InUse {
  return { externalSecret: isReady(object) ? namedBy(object) : usedBefore(object) };
}

/** By the spec. */
export const namedBy = ({ spec }: Readonly<MayBeElsewhere>): string | undefined => spec.external?.secretRef.name;

/** As last known. Of what a version of ours left that did not note it: the one that the spec names, where it was not served from here. */
export function usedBefore(object: Readonly<MayBeElsewhere>): string | undefined {
  const noted = (object.status as { externalSecret?: string } | undefined)?.externalSecret;
  return noted ?? (whoServed(object) === 'Elsewhere' ? namedBy(object) : undefined);
}

/** Where a server is. */
export interface Whereabouts {
  endpoint: string;
  administeredAt?: string | undefined;
}

/** Whether that is what status says of the server that served last, as far as it says anything. */
export function isWhereItServed({ status }: Readonly<MayBeElsewhere>, server: Whereabouts): boolean {
  const before = (status ?? {}) as Partial<Whereabouts>;
  const isSame = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined || one === other;
  return isSame(before.endpoint, server.endpoint) && isSame(before.administeredAt, server.administeredAt);
}

/** Of the server that served last, by where that was; undefined: none has served yet, as far as is known. */
export function whoServed({ metadata, status }: Readonly<MayBeElsewhere>): 'Here' | 'Elsewhere' | undefined {
  const { endpoint } = (status ?? {}) as { endpoint?: string };
  if (endpoint === undefined) return undefined;
  const { name = '', namespace = '' } = metadata ?? {};
  const services = [name, serviceOfPods(name, true)].map((service) => `${service}.${namespace}.svc`);
  const isHere = (address: string) => {
    const host = address.replace(/:\d+$/, '');
    return services.some(
      (service) => host === service || (host.startsWith(`${name}-`) && /^\d+$/.test(podOf(host, name, service))),
    );
  };
  return endpoint.split(',').every(isHere) ? 'Here' : 'Elsewhere';
}

/** "0" of "rabbitmq-0.rabbitmq-headless.openstack.svc". */
const podOf = (host: string, name: string, service: string): string =>
  host.endsWith(`.${service}`) ? host.slice(name.length + 1, -service.length - 1) : '';
