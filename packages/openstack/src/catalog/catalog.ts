// What a service's team knows of its software, as data: kept with the service, one entry per release.

/** What is true of one release of a service (or of one version of an infrastructure component). */
export interface ReleaseFacts {
  /** Last part of the image's name; the registry prefix is the site's. */
  image: string;
  tag: string;
  /** Command lines by purpose: `dbSync`, `bootstrap`. No secrets. */
  commands: Readonly<Record<string, readonly string[]>>;
  /** WSGI applications by component: "module:callable" or "module:factory()". */
  wsgi?: Readonly<Record<string, string>>;
}

export interface Catalog<Release extends string = string> {
  /** "keystone". */
  service: string;
  /** Whom the containers run as; fixed in the images, since files on volumes belong to a number. */
  user: { uid: number; gid: number };
  /** By OpenStack release, or by upstream version for infrastructure. */
  releases: Readonly<Record<Release, ReleaseFacts>>;
}

export function defineCatalog<Release extends string>(catalog: Catalog<Release>): Catalog<Release> {
  return Object.freeze(catalog);
}
