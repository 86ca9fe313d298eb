// Undoing a claim in Keystone: what carries its mark goes, and nothing else. Domains, projects and roles stay, since nobody knows
// who uses them.
import { generationsOf, ownerOf, type Access } from './identity.js';

export interface Removal {
  /** The claim's namespace and name. */
  owner: string;
  region: string;
  /** Names of users, all generations of which go, by domain. */
  users: readonly { base: string; domain: string }[];
  /** Type of the service. */
  service?: string | undefined;
}

/** Safe to repeat. @throws IdentityError */
export async function removeIdentity(
  { admin }: Access,
  { owner, region, users, service }: Removal,
  signal: AbortSignal,
): Promise<void> {
  const isOurs = (one: { description?: string | null }) => ownerOf(one) === owner;
  // First what leads to the service, then what it lives by.
  const services = service === undefined ? [] : await admin.servicesOf(service, signal);
  for (const { id } of services.filter(isOurs)) {
    const endpoints = await admin.endpointsOf(id, signal);
    const here = endpoints.filter(({ region_id }) => region_id === region);
    for (const endpoint of here) await admin.deleteEndpoint(endpoint.id, signal);
    // It would take the endpoints of other regions along.
    if (here.length === endpoints.length) await admin.deleteService(id, signal);
  }
  for (const { base, domain } of users) {
    const there = await admin.domain(domain, signal);
    const generations = there ? await generationsOf(admin, base, there, signal) : [];
    for (const { id } of generations.filter(isOurs)) await admin.deleteUser(id, signal);
  }
}
