// A workbench: the namespace of one file of tests, the names and paths in it, and what is laid on it again and again.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Api, succeeded, type Answer } from './api.js';
import { eventually } from './eventually.js';
import { missing, RUN_LABEL, target, type Need } from './target.js';
import { widgetDefinition } from './widget-definition.js';

export interface BenchOptions {
  /** Without it, no test of the file makes sense. */
  needs?: readonly Need[];
  /** Defines `widgets` in a group of its own. Default false. */
  widgets?: boolean;
  /** Changes the definition of the widgets. */
  definition?: (definition: ReturnType<typeof widgetDefinition>) => object;
}

export class Bench extends Api {
  /** Made for this file only, like everything in it. */
  readonly namespace: string;
  /** API group of the custom resources of this file. */
  readonly group: string;
  readonly paths;

  constructor(area: string) {
    super();
    this.namespace = `${target.run}-${area}`;
    this.group = `${area}.${target.run}.example.com`;
    const within = (api: string, plural: string): string => `${api}/namespaces/${this.namespace}/${plural}`;
    this.paths = {
      NAMESPACES: '/api/v1/namespaces',
      CONFIGMAPS: within('/api/v1', 'configmaps'),
      SECRETS: within('/api/v1', 'secrets'),
      PODS: within('/api/v1', 'pods'),
      SERVICES: within('/api/v1', 'services'),
      SERVICEACCOUNTS: within('/api/v1', 'serviceaccounts'),
      CLAIMS: within('/api/v1', 'persistentvolumeclaims'),
      EVENTS: within('/api/v1', 'events'),
      NEW_EVENTS: within('/apis/events.k8s.io/v1', 'events'),
      DEPLOYMENTS: within('/apis/apps/v1', 'deployments'),
      REPLICASETS: within('/apis/apps/v1', 'replicasets'),
      STATEFULSETS: within('/apis/apps/v1', 'statefulsets'),
      DAEMONSETS: within('/apis/apps/v1', 'daemonsets'),
      JOBS: within('/apis/batch/v1', 'jobs'),
      CRONJOBS: within('/apis/batch/v1', 'cronjobs'),
      LEASES: within('/apis/coordination.k8s.io/v1', 'leases'),
      PDBS: within('/apis/policy/v1', 'poddisruptionbudgets'),
      ENDPOINTSLICES: within('/apis/discovery.k8s.io/v1', 'endpointslices'),
      INGRESSES: within('/apis/networking.k8s.io/v1', 'ingresses'),
      NETWORKPOLICIES: within('/apis/networking.k8s.io/v1', 'networkpolicies'),
      ROLES: within('/apis/rbac.authorization.k8s.io/v1', 'roles'),
      ROLEBINDINGS: within('/apis/rbac.authorization.k8s.io/v1', 'rolebindings'),
      INGRESSCLASSES: '/apis/networking.k8s.io/v1/ingressclasses',
      PRIORITYCLASSES: '/apis/scheduling.k8s.io/v1/priorityclasses',
      CRDS: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      WIDGETS: `/apis/${this.group}/v1/namespaces/${this.namespace}/widgets`,
    };
  }

  /** A name for what lives outside of namespaces. */
  clusterWide(name: string): string {
    return `${this.namespace}-${name}`;
  }

  widget(name: string, spec: object = {}, metadata: object = {}): object {
    return {
      apiVersion: `${this.group}/v1`,
      kind: 'Widget',
      metadata: { name, ...metadata },
      spec: { size: 1, ...spec },
    };
  }

  /** A custom resource of the bench's group with hardly any schema. */
  definition(plural: string, kind: string, version: object = {}, spec: object = {}): object {
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${this.group}`, labels: { [RUN_LABEL]: target.run } },
      spec: {
        group: this.group,
        scope: 'Namespaced',
        names: { plural, kind },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...version },
        ],
        ...spec,
      },
    };
  }

  /** Creates a CRD and waits until its objects can be read and written. */
  async define(definition: object): Promise<void> {
    const { spec, metadata } = await this.create(this.paths.CRDS, definition);
    const { group, scope, names } = spec as unknown as { group: string; scope: string; names: { plural: string } };
    const { versions } = spec as unknown as { versions: { name: string; served: boolean }[] };
    await this.established(metadata.name);
    const where = scope === 'Cluster' ? '' : `/namespaces/${this.namespace}`;
    for (const { name } of versions.filter(({ served }) => served))
      await this.served(`/apis/${group}/${name}${where}/${names.plural}`);
  }

  async established(name: string): Promise<void> {
    await eventually(async () => {
      const { status } = (await this.get(`${this.paths.CRDS}/${name}`)).body;
      const conditions = (status as Partial<typeof status> | undefined)?.conditions ?? [];
      if (!conditions.some((one) => one.type === 'Established' && one.status === 'True'))
        throw new Error(`${name} is not established`);
    });
  }

  /** Waits until the resource can be listed and a dry run of a creation finds it, too. */
  async served(path: string): Promise<void> {
    await eventually(async () => {
      succeeded(path, await this.get(path));
      const { code, text } = await this.post(`${path}?dryRun=All`, {});
      if (code === 404 || code === 405 || code === 429 || code >= 500) throw new Error(`${path}: ${code} ${text}`);
    });
  }

  /** Creates a namespace besides the bench's own; for what happens to namespaces. */
  async makeNamespace(name: string): Promise<void> {
    const labels = { [RUN_LABEL]: target.run, 'pod-security.kubernetes.io/enforce': 'privileged' };
    await this.create(this.paths.NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }

  /** Waits until it is not there any more. */
  async gone(path: string): Promise<void> {
    await eventually(async () => {
      const { code } = await this.get(path);
      if (code !== 404) throw new Error(`${path} is still there`);
    });
  }

  /** Asks until the answer passes. */
  async until(path: string, passes: (answer: Answer) => boolean): Promise<Answer> {
    return eventually(async () => {
      const answer = await this.get(path);
      if (answer.code >= 400 || !passes(answer)) throw new Error(`${path} did not get there: ${answer.text}`);
      return answer;
    });
  }
}

/** Called at the top of a file: names are known at once, and what they name is made before the first test. */
export function bench(area: string, options: BenchOptions = {}): Bench {
  const api = new Bench(area);
  const { paths } = api;
  const reason = missing(['rights', ...(options.needs ?? [])]);

  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason);
  });
  beforeAll(async () => {
    if (reason !== undefined) return;
    await api.makeNamespace(api.namespace);
    if (options.widgets) {
      const definition = widgetDefinition(api.group);
      await api.define(options.definition?.(definition) ?? definition);
    }
    if (missing(['controllers']) !== undefined) return;
    // Pods are refused before there is an account for them to run as.
    await api.until(`${paths.SERVICEACCOUNTS}/default`, () => true);
    await api.until(`${paths.CONFIGMAPS}/kube-root-ca.crt`, () => true);
  });
  afterAll(async () => {
    api.closeWatches();
    if (reason !== undefined) return;
    // What a failed test left held would hold its namespace for ever. A list may have to wait, where its definition has
    // only just changed.
    for (const path of [paths.CONFIGMAPS, ...(options.widgets ? [paths.WIDGETS] : [])]) {
      for (const { metadata } of (await api.until(path, () => true)).body.items)
        if ((metadata as Partial<typeof metadata>).finalizers)
          await api.merge(`${path}/${metadata.name}`, { metadata: { finalizers: null } });
    }
    // No kubelet says that they are gone where there is no such node.
    for (const { metadata, spec } of (await api.get(paths.PODS)).body.items)
      if ((spec as Partial<typeof spec>).nodeName?.startsWith(target.run))
        await api.delete(`${paths.PODS}/${metadata.name}`, { gracePeriodSeconds: 0 });
    await api.delete(`${paths.NAMESPACES}/${api.namespace}`);
    if (options.widgets) await api.delete(`${paths.CRDS}/widgets.${api.group}`);
  });
  return api;
}
