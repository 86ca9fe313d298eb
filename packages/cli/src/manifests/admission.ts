// What a controller's ServiceAccount may write, beyond what a Role can say: a Role names kinds, and whoever may create a Pod, or
// what Pods are made from, could run as any account of the namespace, mount any volume, or take over what is another's. Made
// from what the module declares, for every controller alike.
import type { ControllerModule } from '@stackwright/core';
import type { KubeObject, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@stackwright/kube';

interface PolicyOptions {
  /** "openstack-keystone-controller": cluster-wide, so it names the installation. */
  name: string;
  labels: Readonly<Record<string, string>>;
  /** "system:serviceaccount:openstack:keystone-controller" */
  user: string;
}

/** What Pods come from, by API group. */
const MAKERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { pods: 'Pod', podtemplates: 'PodTemplate', replicationcontrollers: 'ReplicationController' },
  apps: { daemonsets: 'DaemonSet', deployments: 'Deployment', replicasets: 'ReplicaSet', statefulsets: 'StatefulSet' },
  batch: { cronjobs: 'CronJob', jobs: 'Job' },
};

const DEFAULT_ACCOUNTS = ['default'];
const DEFAULT_VOLUMES = ['configMap', 'emptyDir', 'persistentVolumeClaim', 'secret'];

export function admissionPolicies(module: ControllerModule, options: PolicyOptions): KubeObject[] {
  return [...policy('pods', podRules(module), options), ...policy('data', dataRules(module), options)];
}

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;
type Rules = Pick<Spec, 'matchConstraints' | 'variables' | 'validations'>;

function policy(
  about: string,
  rules: Rules,
  { name: controller, labels, user }: PolicyOptions,
): [ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding] {
  const name = `${controller}-${about}`;
  const metadata = { name, labels: { ...labels } };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConditions: [{ name: 'controller', expression: `request.userInfo.username == ${text(user)}` }],
        ...rules,
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}

const text = (value: string): string => `'${value}'`;
const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

const about = (apiGroup: string, resources: readonly string[], ...operations: Operation[]) => ({
  apiGroups: [apiGroup],
  apiVersions: ['*'],
  resources: [...resources],
  operations,
});

const makers = (...operations: Operation[]) =>
  Object.entries(MAKERS).map(([group, kinds]) => about(group, Object.keys(kinds), ...operations));

/** All must hold. A controller that an expression fails on is refused, too. */
const demand = (expression: string, message: string) => ({ expression, message, reason: 'Forbidden' });

/** Kinds that Pods come from, as far as the module's rules let it write them. */
function ownMakers({ rules }: ControllerModule): string[] {
  const kinds = rules
    .filter(({ verbs }) => verbs.some((verb) => ['create', 'update', 'patch'].includes(verb)))
    .flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.flatMap((resource) => MAKERS[group]?.[resource] ?? [])),
    );
  return [...new Set(kinds)].sort();
}

const groupsOf = ({ customResources }: ControllerModule): string[] =>
  [...new Set(customResources.map(({ group }) => group))].sort();

/** Whether the owner that controls `object` is of a kind that the module reconciles. */
const controlled = (object: string, by: string): string =>
  `${object}.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false) && ${by})`;

function podRules(module: ControllerModule): Rules {
  const { serviceAccounts = DEFAULT_ACCOUNTS, volumes = DEFAULT_VOLUMES } = module.pods ?? {};
  const kinds = ownMakers(module);
  const own = `r.apiVersion.split('/')[0] in ${list(groupsOf(module))}`;
  const each = (holds: string): string => `variables.containers.all(c, ${holds})`;
  return {
    matchConstraints: { resourceRules: makers('CREATE', 'UPDATE') },
    variables: [
      {
        name: 'pod',
        expression:
          "object.kind == 'Pod' ? object.spec : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec : " +
          "object.kind == 'PodTemplate' ? object.template.spec : object.spec.template.spec",
      },
      {
        name: 'containers',
        expression: `variables.pod.containers + variables.pod.?initContainers.orValue([])`,
      },
    ],
    validations: [
      demand(
        `object.kind in ${list(kinds)}`,
        kinds.length > 0 ? `this controller makes ${kinds.join(', ')} only` : 'this controller makes no Pods',
      ),
      demand(controlled('object', own), 'this controller writes only what an object of its own kinds owns'),
      demand(
        `variables.pod.?serviceAccountName.orValue('default') in ${list(serviceAccounts)}`,
        `its Pods run as ${serviceAccounts.join(', ')} only`,
      ),
      demand('!variables.pod.?automountServiceAccountToken.orValue(true)', 'its Pods get no token of the cluster'),
      demand(
        '!variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostPID.orValue(false) && !variables.pod.?hostIPC.orValue(false)',
        'its Pods share nothing with their host',
      ),
      demand('!has(variables.pod.nodeName)', 'its Pods go where the scheduler puts them'),
      demand(
        `variables.pod.?volumes.orValue([]).all(v, ${volumes.map((type) => `has(v.${type})`).join(' || ')})`,
        `its Pods have volumes of the types ${volumes.join(', ')} only`,
      ),
      demand(
        `variables.pod.?securityContext.?runAsNonRoot.orValue(false) && variables.pod.?securityContext.?runAsUser.orValue(1) != 0 && ${each(
          'c.?securityContext.?runAsNonRoot.orValue(true) && c.?securityContext.?runAsUser.orValue(1) != 0',
        )}`,
        'its Pods do not run as root',
      ),
      demand(
        `variables.pod.?securityContext.?seccompProfile.?type.orValue('') == 'RuntimeDefault' && ${each(
          "c.?securityContext.?seccompProfile.?type.orValue('RuntimeDefault') == 'RuntimeDefault'",
        )}`,
        'its Pods have the seccomp profile of the runtime',
      ),
      demand(
        each(
          "!c.?securityContext.?privileged.orValue(false) && !c.?securityContext.?allowPrivilegeEscalation.orValue(true) && 'ALL' in c.?securityContext.?capabilities.?drop.orValue([]) && size(c.?securityContext.?capabilities.?add.orValue([])) == 0",
        ),
        'its containers have no privileges, and come to none',
      ),
      demand(
        each('c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)'),
        'its containers have no ports of their host',
      ),
    ],
  };
}

const NAME = 'app.kubernetes.io/name';

/** What is there already, and what becomes a token: a Secret of one type is filled in for any account that it names. */
function dataRules(module: ControllerModule): Rules {
  const other = `!(r.apiVersion.split('/')[0] in ${list(groupsOf(module))})`;
  const names = module.customResources.map(({ kind }) => kind.toLowerCase());
  return {
    matchConstraints: {
      resourceRules: [
        about('', ['persistentvolumeclaims'], 'CREATE', 'UPDATE', 'DELETE'),
        about('', ['secrets'], 'CREATE', 'UPDATE'),
        ...makers('UPDATE', 'DELETE'),
      ],
    },
    variables: [{ name: 'there', expression: "request.operation == 'CREATE' ? object : oldObject" }],
    validations: [
      demand(
        "request.kind.kind != 'Secret' || object.?type.orValue('Opaque') != 'kubernetes.io/service-account-token'",
        "this controller asks for nobody's token",
      ),
      demand(
        `request.kind.kind != 'PersistentVolumeClaim' || variables.there.metadata.?labels.orValue({}).exists(l, l == '${NAME}' && variables.there.metadata.labels[l] in ${list(names)})`,
        'this controller touches only volumes of its own kinds',
      ),
      demand(
        `request.operation == 'CREATE' || !${controlled('oldObject', other)}`,
        'this controller touches nothing that another owns',
      ),
    ],
  };
}
