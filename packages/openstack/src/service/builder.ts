// What a service declares itself with. Each method adds one or two steps that all services share; what is true of
// one service alone it adds with `step` and `external`.
import type { GraphBuilder, ObjectReference, Reconciled, StepHandle, StepScope } from '@stackwright/graph';
import type { Resources, ServiceSpec, Serving, Storage, WorkerSpec } from '@stackwright/api';
import type { ReleaseFacts } from '../catalog/catalog.js';
import type { OsloConfig } from '../config/oslo-config.js';
import type { UwsgiOptions } from '../config/uwsgi.js';
import type { IdentityLogin } from '../identity/session.js';
import type { EnvVar } from '../workload/container.js';
import type { WorkloadKind } from '../workload/object-pods.js';
import type { Pool } from './connections.js';
import type { Scheme } from './served.js';
import type { Mount } from '../workload/mounts.js';

/** A custom resource with the spec that services have in common. */
export interface ServiceObject extends Reconciled {
  spec: ServiceSpec;
}

/** A value, or a function of what earlier steps gave. Asking for an output requires the step in `after`. */
export type Computed<R extends ServiceObject, T> = T | ((scope: StepScope<R>) => T);

/** The release that runs: facts of the catalog and the image. Every step of a service comes after it. */
export interface Release extends ReleaseFacts {
  /** "keystone". */
  service: string;
  release: string;
  /** Full image name, `spec.image` considered. */
  reference: string;
  user: { uid: number; gid: number };
}

/** What containers of a service need besides image and command. */
export interface ContainerOptions<R extends ServiceObject> {
  /** Steps whose output it uses or that must be Done before. Those named in other options come along by themselves. */
  after?: readonly StepHandle[];
  /** The configuration that it mounts. */
  config?: StepHandle<Config>;
  /** Volumes of the service's own, each mounted where its step says. */
  volumes?: readonly StepHandle<Volume>[];
  mounts?: Computed<R, readonly Mount[]>;
  env?: Computed<R, readonly EnvVar[]>;
  /** Directories besides /tmp, /var/tmp and /run that must be writable. */
  writable?: readonly string[];
}

export interface DatabaseOptions {
  /** Name of the database and its user. Default: the service's name from the catalog. */
  database?: string;
  /** Default 'Database'; the claim is `<object>-<step name in kebab-case>`. */
  name?: string;
}

/** A database connection. Holds the password: it may go into a Secret and nowhere else. */
export interface Database {
  /** Name of the claim. */
  claim: string;
  /** Of the database: an empty one in its place has another id. Undefined where its provider gives none. */
  id?: string;
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
  /** `mysql+pymysql://…`, for `[database] connection`. */
  url: string;
  /** Of each process that connects. */
  pool?: Pool;
  /** The Secret that holds all this. */
  secretName: string;
}

export interface Cache {
  /** "host:port" of each server. */
  servers: readonly string[];
  secretName: string;
}

export interface IdentityOptions {
  /** Type in the catalog, as the service types authority names it: "placement". */
  type: string;
  /** Of the API's Service, which is named as the object. */
  port: number;
  /** What follows host and port in every endpoint: "/v2.1". Default: nothing. */
  path?: string;
  /** Name in the catalog. Default: the service's name. */
  name?: string;
  /** Whether there is an endpoint for the interface "admin", too. Default false. */
  admin?: boolean;
  /** Name of the service user. Default: the service's name. */
  user?: string;
  /**
   * Of the user on the project "service". Default: service, which may ask whose a token is. `admin` is the administrator of the
   * whole cloud: only where the service's own calls to others need it.
   */
  roles?: readonly string[];
  /** Whether it also has an application credential, with the same roles. Default false. */
  applicationCredential?: boolean;
  /** An administrator of a domain of its own, for a service that makes users there (heat). Default: none. */
  domainAdmin?: { domain: string; user: string };
}

/** What the service is in the identity service: its user, with which it calls others. Holds the password, as Database does. */
export interface Identity extends IdentityLogin {
  /** Name of the claim. */
  claim: string;
  /** Of the user, where it is known: one who was made again has another. */
  userId?: string;
  projectName: string;
  projectDomainName: string;
  regionName: string;
  /** Where it was asked for. */
  domainAdmin?: { domain: string; username: string; password: string };
  /** The Keystone. */
  provider: ObjectReference;
  /** Where containers that have the configuration find `ca`, which is there when Keystone's certificate needs it. */
  caFile?: string;
  secretName: string;
}

export interface MessagingOptions<R extends ServiceObject> {
  /** Default 'Messaging'; the claim is `<object>-<step name in kebab-case>`. */
  name?: string;
  /** Name of the virtual host and of the user on it. Default: the service's name. */
  vhost?: string;
  /** Whether messages are wanted at all. Default: always. */
  when?: (object: Readonly<R>) => boolean;
}

/** A connection to a message broker. Holds the password: it may go into a Secret and nowhere else. */
export interface Messaging {
  /** Name of the claim. */
  claim: string;
  /** `rabbit://…`, for `[DEFAULT] transport_url`. */
  transportUrl: string;
  /** "host:port" of each broker. */
  hosts: readonly string[];
  vhost: string;
  username: string;
  password: string;
  secretName: string;
}

export interface VolumeOptions<R extends ServiceObject> {
  /** Default 'Volume'; the PersistentVolumeClaim is `<object>-<step name in kebab-case>`. */
  name?: string;
  /** Where it is mounted. */
  path: string;
  storage: Computed<R, Storage>;
  /** Whether `status.storage` says its size: of a service that has one volume. Default true. */
  inStatus?: boolean;
}

export interface Volume {
  /** Name of the PersistentVolumeClaim, where it is the service's own. */
  claim?: string;
  mounts: readonly Mount[];
  /** Whether Pods on several nodes can have it at once. */
  isShared: boolean;
  /** Size that it has by now, where it is the service's own and is there. */
  capacity?: string;
  /** Of what it holds: where that changes, Pods are replaced. */
  hash?: string;
}

export interface ConfigOptions<R extends ServiceObject> {
  /**
   * By file name; the object's `spec.config` is merged over each oslo.config file, but for the options that are `owned`.
   * A string is taken as it is; undefined: there is no such file now.
   */
  files: Readonly<Record<string, (scope: StepScope<R>) => OsloConfig | string | undefined>>;
  /** The directory of the files: each is mounted alone over the package's own. */
  directory: string;
  after?: readonly StepHandle[];
  /** Default 'Config'. */
  name?: string;
}

export interface Config {
  /** `<object>-config-<hash8>`: with other content it has another name, so that Pods that mount it are replaced. */
  secretName: string;
  /** Of all files: for the inputs of Jobs. */
  hash: string;
  mounts: readonly Mount[];
  /** Variables that its programs need, besides their own. */
  env: readonly EnvVar[];
  /** The users in it, by claim: for the annotation of Pods by which is known that superseded ones may go. */
  credentials: Credentials;
  /** By claim, what its user is known by on the server: Pods that run with one who is gone have to be replaced. */
  userIds: Credentials;
}

/** Name of a claim → the user whose password it gave. */
export type Credentials = Readonly<Record<string, string>>;

/** Plain data: only its hash is kept. */
export type JobInputs = string | number | boolean | null | readonly JobInputs[] | { readonly [key: string]: JobInputs };

export interface JobOptions<R extends ServiceObject> extends ContainerOptions<R> {
  /** Step name: 'Bootstrap' gives the condition BootstrapReady and Jobs `<object>-bootstrap-<hash8>`. */
  name: string;
  /** Command line. No secrets in it. Default: the catalog's command of the step's name in camel case (`bootstrap`). */
  command?: Computed<R, readonly string[]>;
  /**
   * What the Job depends on: it runs again when that changes. Default: image, command, environment and configuration.
   * Given, it is used instead of the configuration (image, command, environment and `database` always count).
   */
  inputs?: Computed<R, JobInputs>;
  /** What the Job does is done to this database: another one is an input, and the configuration is none. */
  database?: StepHandle<Database>;
  /** Whether it is wanted now; where it is not, the step is Done without one. Default: always. */
  when?: (scope: StepScope<R>) => boolean;
  /** Housekeeping: Done also while it runs, and with a warning while it fails; the service stays Ready. Default false. */
  background?: boolean;
}

export interface JobResult {
  /** Name of the Job that succeeded. Undefined: none is wanted, or it has not succeeded yet, in the background. */
  job: string | undefined;
}

export interface CronJobOptions<R extends ServiceObject> extends ContainerOptions<R> {
  /** Step name: 'Purge' gives the condition PurgeReady and the CronJob `<object>-purge`. */
  name: string;
  /** As a CronJob has it, in UTC: "23 3 * * *". */
  schedule: Computed<R, string>;
  /** Default false. */
  suspend?: Computed<R, boolean>;
  /** Command line. No secrets in it. Default: the catalog's command of the step's name in camel case (`purge`). */
  command?: Computed<R, readonly string[]>;
  /** Seconds that a run may take. Default six hours. */
  deadline?: number;
}

export interface DbSyncOptions<R extends ServiceObject> extends Omit<JobOptions<R>, 'name'> {
  /** Default 'DbSync'. */
  name?: string;
}

export interface ApiOptions<R extends ServiceObject> extends ContainerOptions<R> {
  port: number;
  /** Path that answers 200–399 without a token when the API works: readiness probe and the controller's own probe. */
  probe: string;
  /** A call that needs a token. Default: none, and the API counts as working when it answers the probe. */
  check?: ApiCheck;
  /** Default 'Api' (component "api", named as the object itself); others are named `<object>-<component>`. */
  name?: string;
  /** What it has instead of `servingDefaults` where `spec.api` says nothing; the kind says it too: `api: serving(…)`. */
  serving?: Partial<Serving>;
  /**
   * Python modules of ours, as text by the names that they are imported by: for an application that the service's package has not
   * as it has to be. The catalog names it, `wsgi: { api: '<module>:application' }`.
   */
  programs?: Readonly<Record<string, string>>;
  /** uwsgi options beside or instead of ours; `undefined` takes one away. */
  uwsgi?: UwsgiOptions;
  /** Default requests 100m CPU and 256Mi for each process; `spec.resources` over it. */
  resources?: ServiceSpec['resources'];
}

export interface WorkerOptions<R extends ServiceObject> extends ContainerOptions<R> {
  /** Step name: 'Engine' gives the condition EngineReady and the workload `<object>-engine`. */
  name: string;
  /** Which of the catalog's commands it runs. Default: that of the step's name in camel case (`engine`). */
  process?: string;
  /** Command line, in place of one of the catalog's. No secrets in it. */
  command?: Computed<R, readonly string[]>;
  /**
   * What keeps its Pods running. Default 'Deployment'. 'StatefulSet': each has a name that stays, `<object>-engine-0`. 'DaemonSet': one on each
   * node that its scheduling lets it.
   */
  as?: WorkloadKind;
  /** The part of the spec that is about it; the kind says it too: `engine: Type.Optional(worker(…))`. Default: nothing is said. */
  scale?: (object: Readonly<R>) => WorkerSpec | undefined;
  /** Pods where the object says nothing; not of a DaemonSet. Default 1. */
  replicas?: number;
  /** What the object's are laid over. Default requests 100m CPU and 256Mi. */
  resources?: Resources;
  /** Seconds that a Pod has to finish what it does when it is to end. Default 60. */
  terminationGracePeriodSeconds?: number;
}

/** A workload whose Pods are all ready. */
export interface Worker {
  /** Of the workload. */
  name: string;
  /** Of its Pods, where each has one that stays. */
  pods: readonly string[];
}

/** A GET that must be answered with 200, through a ready endpoint. */
export interface ApiCheck {
  /** As whom; the login is at its `authUrl`. What runs there is named where the API waits for it. */
  as: StepHandle<IdentityLogin & { provider?: ObjectReference }>;
  /** "/resource_providers": something that costs little. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** It gives the tokens: each look asks for one, since one that is kept says nothing of that. Default false. */
  givesTokens?: boolean;
  /** Steps without which it cannot succeed, though the API starts without them. */
  after?: readonly StepHandle[];
}

/** The certificate that the APIs serve with. */
export interface Tls {
  /** Paths inside the containers that have the mount. */
  certificate: string;
  key: string;
  /** Another certificate is another Secret: it takes new Pods. */
  mount: Mount;
  /** In PEM, where clients need it. */
  ca?: string;
}

/** An API that answered. */
export interface Api {
  /** The Service. */
  name: string;
  /** `<name>.<namespace>.svc` */
  host: string;
  port: number;
  scheme: Scheme;
  /** As other services reach it: `<scheme>://<host>:<port>`, or what `spec.endpoints.internal` says. */
  url: string;
}

export interface ServiceBuilder<R extends ServiceObject> extends GraphBuilder<R> {
  /** The release and its image: a step of its own, before all others. */
  readonly release: StepHandle<Release>;
  /** Step 'Tls': the certificate of its APIs, where `spec.tls` asks for one. */
  readonly tls: StepHandle<Tls | undefined>;
  /** Step 'Database': a DatabaseClaim, Done when it is fulfilled. */
  database(options?: DatabaseOptions): StepHandle<Database>;
  /** Step 'Cache': a CacheClaim, Done when it is fulfilled. */
  cache(): StepHandle<Cache>;
  /** Step 'Identity': an IdentityClaim, Done when it is fulfilled: the service is in the catalog, and has a user. */
  identity(options: IdentityOptions): StepHandle<Identity>;
  /** Step 'Messaging': a MessagingClaim, Done when it is fulfilled; with `when`, also when none is wanted. */
  messaging(options?: Omit<MessagingOptions<R>, 'when'>): StepHandle<Messaging>;
  messaging(options: MessagingOptions<R>): StepHandle<Messaging | undefined>;
  /** Step 'Volume': a PersistentVolumeClaim, Done when it exists. It outlives the object unless that asks otherwise. */
  volume(options: VolumeOptions<R>): StepHandle<Volume>;
  /** Step 'Config': a Secret `<object>-config-<hash8>` with the rendered files, one for each content. */
  config(options: ConfigOptions<R>): StepHandle<Config>;
  /** A Job that runs once per set of inputs. */
  job(options: JobOptions<R>): StepHandle<JobResult>;
  /** Housekeeping on a schedule. A run that fails is a warning in condition and event; the service stays Ready. */
  cronJob(options: CronJobOptions<R>): StepHandle;
  /** Step 'DbSync': the schema, by the catalog's command `dbSync`. */
  dbSync(options: DbSyncOptions<R>): StepHandle<JobResult>;
  /** What works beside the API, on messages or on a schedule of its own. Done when all its Pods are ready. */
  worker(options: WorkerOptions<R>): StepHandle<Worker>;
  /**
   * Steps 'Api' (Deployment under uwsgi, Service) and 'Endpoint' (Done only when the API answers, to `check` too, through
   * a ready endpoint). Returns the latter.
   */
  api(options: ApiOptions<R>): StepHandle<Api>;
}
