// What the controller does, said once for every variant: the kind, its three children, and when a child is as wanted.
// No library is imported here: the variant without any uses it too.
import type { ConfigMap, Deployment, KubeObject, Service } from '@stackwright/kube';

export const group = 'bench.stackwright.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
export const kind = 'Widget';
export const plural = 'widgets';
export const controllerName = 'bench';
export const fieldManager = 'bench-controller';
/** Objects reconciled at once, in every variant. */
export const concurrency = 4;

export interface WidgetCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

export interface WidgetStatus {
  observedGeneration?: number;
  conditions?: WidgetCondition[];
}

/** As the variants without our library see it. */
export interface PlainWidget extends KubeObject {
  spec: { message: string };
  status?: WidgetStatus;
}

interface Named {
  metadata: { name: string; labels: Record<string, string> };
}

/** Another version of the controller wants its number on every child: what a release does to a whole fleet. */
const controllerVersion = process.env['BENCH_CONTROLLER_VERSION'] ?? '1';

function labelsOf(name: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'widget',
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/managed-by': 'bench',
    'bench.stackwright.dev/controller-version': controllerVersion,
  };
}

/** The only child that an edit of the message changes. */
export function configMapOf(name: string, message: string): Named & Pick<ConfigMap, 'data'> {
  return {
    metadata: { name, labels: labelsOf(name) },
    data: { 'widget.conf': `[widget]\nname = ${name}\nmessage = ${message}\nworkers = 4\nlog_level = info\n` },
  };
}

export function serviceOf(name: string): Named & Required<Pick<Service, 'spec'>> {
  return {
    metadata: { name, labels: labelsOf(name) },
    spec: {
      selector: { 'app.kubernetes.io/instance': name },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}

/** Without replicas: Pods are nobody's business here. */
export function deploymentOf(name: string): Named & Required<Pick<Deployment, 'spec'>> {
  const selector = { 'app.kubernetes.io/instance': name };
  return {
    metadata: { name, labels: labelsOf(name) },
    spec: {
      replicas: 0,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          containers: [
            {
              name: 'widget',
              image: 'registry.example.org/widget:1.2.3',
              args: ['--config', '/etc/widget/widget.conf'],
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
              env: [
                { name: 'WIDGET_NAME', value: name },
                { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
              ],
              readinessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, periodSeconds: 5 },
              volumeMounts: [{ name: 'config', mountPath: '/etc/widget', readOnly: true }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name } }],
        },
      },
    },
  };
}

/** What every variant but the step graph applies: the child of a widget with its owner. */
export function childrenOf(widget: PlainWidget): {
  configMap: KubeObject;
  service: KubeObject;
  deployment: KubeObject;
} {
  const { name = '', namespace = '', uid = '' } = widget.metadata ?? {};
  const owned = <T extends Named>(types: { apiVersion: string; kind: string }, child: T) => ({
    ...types,
    ...child,
    metadata: {
      ...child.metadata,
      namespace,
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }],
    },
  });
  return {
    configMap: owned({ apiVersion: 'v1', kind: 'ConfigMap' }, configMapOf(name, widget.spec.message)),
    service: owned({ apiVersion: 'v1', kind: 'Service' }, serviceOf(name)),
    deployment: owned({ apiVersion: 'apps/v1', kind: 'Deployment' }, deploymentOf(name)),
  };
}

/** Whether a child needs no write. Its kind is not compared: the items of a list do not say it. */
export function isAsWanted(observed: object | undefined, wanted: KubeObject): boolean {
  const { apiVersion: _, kind: __, ...fields } = wanted;
  return observed !== undefined && holds(observed, fields);
}

/** Whether all that is wanted is so in what was observed; what else is there (defaults, status) is no difference. */
function holds(observed: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(observed) || observed.length !== wanted.length) return false;
    return wanted.every((item, index) => holds(observed[index], item));
  }
  if (wanted !== null && typeof wanted === 'object') {
    if (observed === null || typeof observed !== 'object') return false;
    for (const [name, value] of Object.entries(wanted)) {
      if (!holds((observed as Record<string, unknown>)[name], value)) return false;
    }
    return true;
  }
  return observed === wanted;
}

/** The status of a widget whose children are there; undefined when it says so already. */
export function newStatusOf(widget: PlainWidget, now: () => Date): WidgetStatus | undefined {
  const { generation = 0 } = widget.metadata ?? {};
  const before = widget.status?.conditions?.find(({ type }) => type === 'Ready');
  if (widget.status?.observedGeneration === generation && before?.status === 'True') return undefined;
  return {
    observedGeneration: generation,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: 'All children are there',
        observedGeneration: generation,
        lastTransitionTime:
          before?.status === 'True' ? before.lastTransitionTime : `${now().toISOString().slice(0, 19)}Z`,
      },
    ],
  };
}

/** What the load generator waits for. */
export function isReady({ metadata, status }: Readonly<PlainWidget>): boolean {
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
  );
}
