// What admission writes into Pods: whom they run as, with that account's token, and how long they stay on a lost node.
import type { Pod, ServiceAccount } from '@stackwright/kube';
import type { Container, Volume } from 'kubernetes-types/core/v1.d.ts';
import { randomSuffix } from '../shared/objects.js';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.js';
import type { ServerContext } from './context.js';
import { forbidden } from './errors.js';

/** The Pod that a request is about, and not one of its subresources. */
function podOf({ resource, subresource, object }: AdmissionAttributes): Pod | undefined {
  return resource.storage === '/pods' && subresource === undefined ? (object as Pod | undefined) : undefined;
}

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_VOLUME = 'kube-api-access-';

/**
 * Pods run as somebody: as their namespace's `default` account, when they do not say. They get its token as a volume,
 * and pull with its credentials. The account must be there, but for the default one: a controller makes it, and that
 * may come a little later.
 */
export function serviceAccounts({ store }: ServerContext): AdmissionPlugin {
  const accountOf = (namespace: string, name: string): ServiceAccount | undefined =>
    store.get('/serviceaccounts', `${namespace}/${name}`) as ServiceAccount | undefined;
  const demand = ({ resource, namespace = '', name }: AdmissionAttributes, account: string): void => {
    if (account === 'default' || accountOf(namespace, account)) return;
    throw forbidden(
      resource,
      name,
      `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`,
    );
  };
  return {
    name: 'ServiceAccount',
    mutate(attributes) {
      const spec = attributes.operation === 'CREATE' ? podOf(attributes)?.spec : undefined;
      if (!spec) return;
      spec.serviceAccountName = spec.serviceAccountName || 'default';
      spec.serviceAccount = spec.serviceAccountName;
      demand(attributes, spec.serviceAccountName);
      const account = accountOf(attributes.namespace ?? '', spec.serviceAccountName);
      if (spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true) mountToken(spec);
      const secrets = account?.imagePullSecrets ?? [];
      if (!spec.imagePullSecrets?.length && secrets.length > 0)
        spec.imagePullSecrets = secrets.map(({ name }) => ({ ...(name === undefined ? {} : { name }) }));
    },
    validate(attributes) {
      // Another plugin may have had its say meanwhile.
      const pod = attributes.operation === 'CREATE' ? podOf(attributes) : undefined;
      if (pod) demand(attributes, pod.spec?.serviceAccountName ?? 'default');
    },
  };
}

/** A container that mounts something of its own at that place gets no token. */
function mountToken(spec: NonNullable<Pod['spec']>): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(TOKEN_VOLUME))?.name;
  const name = existing ?? TOKEN_VOLUME + randomSuffix();
  const lacks = ({ volumeMounts }: Container): boolean =>
    !volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH);
  const lacking = [...(spec.initContainers ?? []), ...spec.containers].filter(lacks);
  for (const container of lacking)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath: TOKEN_PATH, readOnly: true }];
  if (!existing && lacking.length > 0) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
});

/** There are no classes of runtimes here. */
export const runtimeClasses: AdmissionPlugin = {
  name: 'RuntimeClass',
  mutate(attributes) {
    const spec = attributes.operation === 'CREATE' ? podOf(attributes)?.spec : undefined;
    const { resource, name } = attributes;
    if (spec?.runtimeClassName !== undefined)
      throw forbidden(resource, name, `pod rejected: RuntimeClass "${spec.runtimeClassName}" not found`);
    if (spec?.overhead) {
      const problem = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';
      throw forbidden(resource, name, problem);
    }
  },
};

const LOST = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const PATIENCE = 300;

/** Pods stay for a while on a node that does not answer, unless they say for how long themselves. */
export const lostNodes: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  mutate(attributes) {
    const spec = attributes.operation === 'DELETE' ? undefined : podOf(attributes)?.spec;
    if (!spec) return;
    const given = spec.tolerations ?? [];
    const added = LOST.filter(
      (taint) => !given.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute')),
    ).map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: PATIENCE }));
    if (added.length > 0) spec.tolerations = [...given, ...added];
  },
};
