// What a ControlPlane asks for, held against the kinds of services that the cluster has. Pure.
import { didYouMean, missingOf, Reason, type ControlPlane, type Missing } from '@stackwright/api';
import type { ServiceKind } from './discovery.js';
import { unknownFields } from './unknown-fields.js';

export interface PlannedService {
  kind: ServiceKind;
  /** False: its team owns its object; it is only observed. */
  managed: boolean;
  /** The release that was asked for; absent for services that have none. */
  release?: string;
  /** The fields of its spec that the coordinator owns. */
  spec: Readonly<Record<string, unknown>>;
  /** Where the control plane's spec names it: "spec.services.glance". */
  path: string;
  /** Its fields that its kind does not have, each as a sentence. */
  unknown: readonly string[];
  /** Fields that are handed down, and not in its own block. */
  inherited: readonly string[];
}

export interface Problem {
  reason: Extract<Reason, 'UnknownService' | 'InvalidSpec'>;
  message: string;
}

export interface Plan {
  /** Each after those that it needs. */
  services: readonly PlannedService[];
  problems: readonly Problem[];
  /** What managed services need, and none gives. It may be there all the same: made by somebody else. */
  missing: readonly Missing<ServiceKind>[];
}

/** The inner block of one service, the coordinator's own fields and all others. */
type Entry = NonNullable<ControlPlane['spec']['services']>[string] & Readonly<Record<string, unknown>>;

export function planOf(spec: ControlPlane['spec'], kinds: readonly ServiceKind[]): Plan {
  const problems: Problem[] = [];
  const planned = new Map<string, PlannedService>();

  const add = (service: string, entry: Entry, path: string, role?: string): void => {
    const kind = kinds.find((each) => each.service === service);
    if (!kind) {
      const known = kinds.filter((each) => role === undefined || each.provides === role).map((each) => each.service);
      problems.push({
        reason: Reason.UnknownService,
        message: `${path}: this cluster has no service "${service}"${didYouMean(service, known)} (it has ${known.sort().join(', ') || 'none'})`,
      });
    } else if (role !== undefined && kind.provides !== role) {
      problems.push({
        reason: Reason.InvalidSpec,
        message: `${path}: ${service} is no ${role}${kind.provides ? ` but ${article(kind.provides)}` : ''}`,
      });
    } else if (planned.has(service)) {
      problems.push({ reason: Reason.InvalidSpec, message: `${path}: ${service} is named twice` });
    } else {
      planned.set(service, plannedService(kind, entry, path, spec));
    }
  };

  for (const [role, services] of Object.entries(spec.infrastructure ?? {})) {
    for (const [service, entry] of Object.entries(services))
      add(service, entry, `spec.infrastructure.${role}.${service}`, role);
  }
  for (const [service, entry] of Object.entries(spec.services ?? {})) add(service, entry, `spec.services.${service}`);

  for (const name of spec.removeServices ?? []) {
    const path = planned.get(name)?.path;
    if (path === undefined) continue;
    problems.push({
      reason: Reason.InvalidSpec,
      message: `spec.removeServices: ${name} is to be removed, and ${path} names it: it can be only one of the two`,
    });
  }

  const services = inOrder([...planned.values()]);
  const named = services.map(({ kind }) => kind);
  // What a service lacks that its team owns is known to its team.
  const missing = missingOf(named, kinds).filter(({ service }) => planned.get(service)?.managed);
  return { services, problems, missing };
}

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

function plannedService(
  kind: ServiceKind,
  entry: Entry,
  path: string,
  { release, deletionPolicy }: ControlPlane['spec'],
): PlannedService {
  const { managed, ...own } = entry;
  const { accepts } = kind;
  const wanted = own.release ?? (accepts.release ? release : undefined);
  return {
    kind,
    managed,
    path,
    unknown: managed ? unknownFields(kind.schema, own, path) : [],
    inherited: ['release', 'deletionPolicy'].filter((field) => !Object.hasOwn(own, field)),
    ...(wanted === undefined ? {} : { release: wanted }),
    spec: {
      ...(accepts.deletionPolicy ? { deletionPolicy } : {}),
      ...own,
      ...(wanted === undefined ? {} : { release: wanted }),
    },
  };
}

/**
 * Services after those that they need: the first one that is not ready is then a root, and not a consequence. Those that
 * need each other in a circle keep the order in which they are named.
 */
function inOrder(services: readonly PlannedService[]): PlannedService[] {
  const ordered: PlannedService[] = [];
  const visited = new Set<PlannedService>();
  const visit = (service: PlannedService): void => {
    if (visited.has(service)) return;
    visited.add(service);
    for (const need of service.kind.requires) {
      services.filter(({ kind }) => kind.service === need || kind.provides === need).forEach(visit);
    }
    ordered.push(service);
  };
  services.forEach(visit);
  return ordered;
}
