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
  /**
   * By configuration file: the namespaces of `oslo.config.opts` in which its options are listed ("glance.api", "oslo.log"). What
   * `spec.config` sets in such a file is checked before anything is rolled out. Files that are not named here are not.
   */
  configNamespaces?: Readonly<Record<string, readonly string[]>>;
  /** By configuration file: options that are listed in no such namespace, since other options name them. */
  dynamicOptions?: Readonly<Record<string, readonly MoreOptions[]>>;
}

/**
 * Names of sections or options: said here, or read from the value of an option, "DEFAULT.enabled_backends" (in "fs:file,s3:s3"
 * the names are fs and s3). That must not be one which is `owned`, which is not shown to the check.
 */
type Names = readonly string[] | { namedBy: string };

/** In these sections there are these options, or all that are listed in a namespace. */
export interface MoreOptions {
  sections: Names;
  options: Names | { namespace: string };
}

/** Namespaces of options that every API has. */
export const apiNamespaces = ['oslo.log', 'oslo.middleware', 'oslo.policy'] as const;

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

/** What a service stands on (a database, a broker, a cache): one version of it is run, where an object names no other image. */
export interface ServerCatalog extends Pick<Catalog, 'user'> {
  image: Pick<ReleaseFacts, 'image' | 'tag'>;
}

/** Of a server whose image has its name, and whose user and group have one id. */
export function defineServerCatalog(server: string, version: string, id: number): ServerCatalog {
  return Object.freeze({ user: { uid: id, gid: id }, image: { image: server, tag: version } });
}
