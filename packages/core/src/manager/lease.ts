// What a Lease says, and what is written into it. Pure: no calls, no clock.
import { formatMicroTime, type Lease as LeaseObject } from '@stackwright/kube';

type LeaseSpec = NonNullable<LeaseObject['spec']>;

export interface Holding {
  identity: string;
  /** Milliseconds that others are to leave the lease alone. */
  leaseDuration: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** "": nobody. */
export function holderOf(lease: LeaseObject | undefined): string {
  return lease?.spec?.holderIdentity ?? '';
}

/**
 * Milliseconds that the holder asked others to leave it alone. It is the holder's to say: who waits may have been given other
 * timings, in an upgrade that changes them for instance. `otherwise`: where the lease does not say, or nonsense.
 */
export function durationOf({ spec }: LeaseObject, otherwise: number): number {
  const seconds = spec?.leaseDurationSeconds ?? 0;
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : otherwise;
}

/** Whether a lease is as it was: not taken and not renewed. Labels that somebody sets are no renewal. */
export function sameHolding({ spec: a }: LeaseObject, { spec: b }: LeaseObject): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.renewTime === b?.renewTime &&
    a?.acquireTime === b?.acquireTime &&
    a?.leaseTransitions === b?.leaseTransitions &&
    a?.leaseDurationSeconds === b?.leaseDurationSeconds
  );
}

/** A renewal of our own lease, or the beginning of a new holding. */
export function held(current: LeaseSpec | undefined, { identity, leaseDuration, now }: Holding): LeaseSpec {
  const ours = current?.holderIdentity === identity;
  // The clock of the machine may be set back. Whoever waits knows a renewal by its time being another one.
  const renewTime = timeUnlike(current?.renewTime, now);
  return {
    ...current,
    holderIdentity: identity,
    // Rounded up: nobody may believe that it has run out while we do not.
    leaseDurationSeconds: Math.max(1, Math.ceil(leaseDuration / 1000)),
    acquireTime: ours && current.acquireTime ? current.acquireTime : renewTime,
    renewTime,
    leaseTransitions: (current?.leaseTransitions ?? 0) + (current && !ours ? 1 : 0),
  };
}

/** Of a lease that nobody holds: the next one need not wait. */
export function released(current: LeaseSpec | undefined, now: number): LeaseSpec {
  const renewTime = timeUnlike(current?.renewTime, now);
  return { ...current, holderIdentity: '', leaseDurationSeconds: 1, renewTime };
}

function timeUnlike(before: string | undefined, now: number): string {
  const time = formatMicroTime(now);
  return time === before ? formatMicroTime(now + 0.0015) : time;
}
