// The workload controllers of the devcluster, as one unit to start and stop.
import { StorageClass, type Client } from '@stackwright/kube';
import { systemClock, type Clock } from '../shared/clock.js';
import { silentLog, type Log } from '../shared/log.js';
import { createContext, type Context } from './context.js';
import { cronJobController } from './cronjob/controller.js';
import { daemonSetController } from './daemonset/controller.js';
import { deploymentController } from './deployment/controller.js';
import { disruptionController } from './disruption.js';
import { eventExpiry } from './event-expiry.js';
import { endpointsController } from './endpoints/controller.js';
import { jobController, type JobBackoff } from './job/controller.js';
import type { Loop } from './loop.js';
import { namespaceDefaultsController } from './namespace-defaults.js';
import { nodeTaintsController } from './node-taints.js';
import { podGarbageController } from './pod-garbage.js';
import { replicaSetController } from './replicaset.js';
import { scheduler } from './scheduler/scheduler.js';
import { statefulSetController } from './statefulset/controller.js';
import { claimController } from './storage/binder.js';
import { claimProtectionController } from './storage/protection.js';
import { defaultStorageClass, HostPathProvisioner } from './storage/provisioner.js';
import { volumeController } from './storage/reclaim.js';

export const CONTROLLER_USER = 'system:kube-controller-manager';
export const SCHEDULER_USER = 'system:kube-scheduler';

export interface ControllersOptions {
  /** A client that acts as the given user: who wrote what shows in managedFields and the audit log. */
  client(user: string): Client;
  /** Directory for the data of volumes that claims are given. Absolute; made when needed. */
  volumeDirectory: string;
  /** PEM, for the ConfigMap kube-root-ca.crt of every namespace. */
  certificateAuthority: string;
  clock?: Clock;
  log?: Log;
  jobBackoff?: JobBackoff;
}

export class Controllers {
  readonly #client: Client;
  readonly #context: Context;
  readonly #loops: readonly Loop[];

  constructor(options: ControllersOptions) {
    const { clock = systemClock, log = silentLog } = options;
    this.#client = options.client(CONTROLLER_USER);
    const context = createContext(this.#client, clock, log);
    const provisioner = new HostPathProvisioner(options.volumeDirectory);
    this.#context = context;
    this.#loops = [
      namespaceDefaultsController(context, options.certificateAuthority),
      deploymentController(context),
      replicaSetController(context),
      statefulSetController(context),
      daemonSetController(context),
      jobController(context, options.jobBackoff),
      cronJobController(context),
      disruptionController(context),
      endpointsController(context),
      nodeTaintsController(context),
      podGarbageController(context),
      claimController(context, provisioner),
      volumeController(context, provisioner),
      claimProtectionController(context),
      eventExpiry({ client: this.#client, clock, log }),
      scheduler({ client: options.client(SCHEDULER_USER), stores: context.stores, clock, log }),
    ];
  }

  /** Resolves when every controller has seen the whole state and works. */
  async start(): Promise<void> {
    await this.#ensureStorageClass();
    await Promise.all(Object.values(this.#context.stores).map((store) => store.start()));
    for (const loop of this.#loops) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await Promise.all(Object.values(this.#context.stores).map((store) => store.stop()));
  }

  async #ensureStorageClass(): Promise<void> {
    const { items } = await this.#client.listAll(StorageClass);
    if (!items.some(({ metadata }) => metadata?.name === defaultStorageClass.metadata?.name)) {
      await this.#client.create(StorageClass, defaultStorageClass);
    }
  }
}
