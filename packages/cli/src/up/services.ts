// Which services `up` brings up. What there is, and what needs what, is published by the controllers' kinds: nothing of it
// is known here.
import {
  infrastructureRoles,
  missingOf,
  publishedService,
  sayMissing,
  suggestionFor,
  type PublishedService,
} from '@stackwright/api';
import type { ControllerModule } from '@stackwright/core';
import { CliError } from '../errors.js';

/** As a ControlPlane's spec names services; each with all its defaults. */
export interface Selection {
  infrastructure: Record<string, Record<string, object>>;
  services: Record<string, object>;
}

/** In the order of the modules. */
export function publishedBy(modules: readonly ControllerModule[]): PublishedService[] {
  return modules.flatMap(({ customResources }) =>
    customResources.flatMap(({ definition: { labels = {}, annotations = {} } }) => {
      const published = publishedService({ labels, annotations });
      return published ? [published] : [];
    }),
  );
}

const isInfrastructure = ({ provides = '' }: PublishedService): boolean => infrastructureRoles.includes(provides);

/** Throws a CliError that names what there is. */
export function checkNames(offers: readonly PublishedService[], names: readonly string[]): void {
  const known = offers.map(({ service }) => service);
  const [unknown] = names.filter((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = suggestionFor(unknown, known);
  const services = offers.filter((offer) => !isInfrastructure(offer)).map(({ service }) => service);
  throw new CliError(`There is no service "${unknown}".`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `There are: ${services.join(', ')}. What they stand on comes along by itself.`,
    ],
  });
}

/**
 * The services of these names, and the infrastructure that they need. `there` are those that a control plane has already.
 * Throws a CliError where they need another service: that one is a decision, and not made here.
 */
export function select(
  offers: readonly PublishedService[],
  names: readonly string[],
  there: readonly string[] = [],
): Selection {
  checkNames(offers, names);
  const all = withNeeds(offers, [...there, ...names]);
  const missing = missingOf(chosenFrom(offers, all), offers);
  if (missing.length > 0) {
    const lacking = missing.flatMap(({ providers }) => providers.slice(0, 1).map(({ service }) => service));
    const further = withNeeds(offers, [...names, ...lacking], true).filter((name) => !there.includes(name));
    const services = chosenFrom(offers, further).filter(
      (offer) => !isInfrastructure(offer) || names.includes(offer.service),
    );
    const hints = missing.every(({ providers }) => providers.length > 0)
      ? [`Name them all: --services ${services.map(({ service }) => service).join(',')}`]
      : [];
    const add = [...new Set(lacking)].join(' and ');
    const what = missing.map(sayMissing).join('; ');
    throw new CliError(add === '' ? `${what}.` : `${what}: add ${add} to --services.`, { hints });
  }
  return selectionOf(chosenFrom(offers, all));
}

/** All services that there are, and one that plays each role of infrastructure. */
export function selectAll(offers: readonly PublishedService[]): Selection {
  return selectionOf(offers);
}

/** What a ControlPlane's spec has to get, so that it names all of `wanted`; what it says already stays. */
export function additionsTo(spec: Partial<Selection>, wanted: Selection): Selection | undefined {
  const { infrastructure = {}, services = {} } = spec;
  const without = <T>(of: Record<string, T>, there: object): [string, T][] =>
    Object.entries(of).filter(([name]) => !Object.hasOwn(there, name));
  const roles = without(wanted.infrastructure, infrastructure);
  const named = without(wanted.services, services);
  if (roles.length + named.length === 0) return undefined;
  return { infrastructure: Object.fromEntries(roles), services: Object.fromEntries(named) };
}

export interface Choice {
  selection: Selection;
  /** What a control plane that is there has to get. */
  additions?: Selection;
  /** All that run then, infrastructure first. */
  names: string[];
  /** What a person should know of it. */
  notes: string[];
}

/** `names` undefined: all, or what the control plane that is there names. `spec`: that one's. */
export function choose(
  offers: readonly PublishedService[],
  spec: Partial<Selection> | undefined,
  names: readonly string[] | undefined,
): Choice {
  if (!spec) {
    const selection = names ? select(offers, names) : selectAll(offers);
    return { selection, names: namesOf(selection), notes: [] };
  }
  const there = namesOf(spec);
  const selection = select(offers, names ?? [], names ? there : []);
  const additions = names && additionsTo(spec, selection);
  const all = [...there, ...(additions ? namesOf(additions) : [])];
  const notes: string[] = [];
  if (additions)
    notes.push(`The control plane got ${namesOf(additions).join(', ')}; what it named before is as it was.`);
  const lacks = names ? [] : offers.filter((offer) => !isInfrastructure(offer) && !there.includes(offer.service));
  if (lacks.length > 0) {
    const list = lacks.map(({ service }) => service).join(',');
    notes.push(`The control plane is as it was. There is more: \`up --services ${list}\` adds it.`);
  }
  return { selection, ...(additions ? { additions } : {}), names: all, notes };
}

/** Names, infrastructure first. */
export function namesOf({ infrastructure = {}, services = {} }: Partial<Selection>): string[] {
  return [...Object.values(infrastructure).flatMap((players) => Object.keys(players)), ...Object.keys(services)];
}

/** The controllers of these services, and those that are no service's. */
export function modulesOf(modules: readonly ControllerModule[], names: readonly string[]): ControllerModule[] {
  return modules.filter((module) => {
    const services = publishedBy([module]);
    return services.length === 0 || services.some(({ service }) => names.includes(service));
  });
}

function chosenFrom(offers: readonly PublishedService[], names: readonly string[]): PublishedService[] {
  return offers.filter(({ service }) => names.includes(service));
}

/** With the infrastructure that they need; with `everything`, with the services, too. */
function withNeeds(offers: readonly PublishedService[], names: readonly string[], everything = false): string[] {
  const all = new Set(names);
  // A set grows while it is gone through.
  for (const name of all) {
    const chosen = offers.filter(({ service }) => service === name);
    for (const { providers } of missingOf([...chosen, ...chosenFrom(offers, [...all])], offers)) {
      const [provider] = providers;
      if (provider && (everything || isInfrastructure(provider))) all.add(provider.service);
    }
  }
  return [...all];
}

function selectionOf(chosen: readonly PublishedService[]): Selection {
  const selection: Selection = { infrastructure: {}, services: {} };
  for (const offer of chosen) {
    const { service, provides = '' } = offer;
    if (isInfrastructure(offer)) selection.infrastructure[provides] ??= { [service]: {} };
    else selection.services[service] = {};
  }
  return selection;
}
