// What a controller's ServiceAccount may write, beyond what a Role can say: a Role names kinds, and whoever may create a Pod, or
// what Pods are made from, could run as any account of the namespace, mount any volume, or take over what is another's. Made
// from what the module declares, for every controller alike.
import { labels as known } from '@stackwright/api';
import type { ControllerModule } from '@stackwright/core';
import { Label, namesOf } from '@stackwright/graph';
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
const DEFAULT_VOLUMES = ['configMap', 'emptyDir', 'secret'];
/** Where the module has to do with such at all. */
const CLAIMED_VOLUME = 'persistentVolumeClaim';

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

/** What the module's rules let it write, by API group and plural. */
function writtenBy({ rules }: ControllerModule): { group: string; resource: string }[] {
  return rules
    .filter(({ verbs }) => verbs.some((verb) => ['create', 'update', 'patch', 'delete'].includes(verb)))
    .flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => ({ group, resource }))),
    );
}

/** Kinds that Pods come from, as far as the module's rules let it write them. */
function ownMakers(module: ControllerModule): string[] {
  const kinds = writtenBy(module).flatMap(({ group, resource }) => MAKERS[group]?.[resource] ?? []);
  return [...new Set(kinds)].sort();
}

/** "keystone.stackwright.dev/Keystone": groups are shared, that of claims by all who fulfil some. */
const kindsOf = ({ customResources }: ControllerModule): string[] =>
  customResources.map(({ group, kind }) => `${group}/${kind}`).sort();

/** As the label that says what an object is has them. */
const namesOfKinds = ({ customResources }: ControllerModule): string[] =>
  customResources.map(({ kind }) => kind.toLowerCase()).sort();

/** Whether the owner that controls `object` is of a kind that the module reconciles. */
const controlled = (object: string, module: ControllerModule): string =>
  `${object}.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false) && ` +
  `r.apiVersion.split('/')[0] + '/' + r.kind in ${list(kindsOf(module))})`;

/** Whether the labels have that one, with a value that `holds` of `v`. */
const labelled = (labels: string, label: string, holds: (value: string) => string): string =>
  `${labels}.exists(l, l == ${text(label)} && ${holds(`${labels}[l]`)})`;

function podRules(module: ControllerModule): Rules {
  const { serviceAccounts = DEFAULT_ACCOUNTS, volumes = defaultVolumes(module) } = module.pods ?? {};
  const kinds = ownMakers(module);
  const names = namesOfKinds(module);
  const each = (holds: string): string => `variables.containers.all(c, ${holds})`;
  return {
    matchConstraints: { resourceRules: makers('CREATE', 'UPDATE') },
    variables: [
      {
        name: 'template',
        expression:
          "object.kind == 'Pod' ? object : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template : " +
          "object.kind == 'PodTemplate' ? object.template : object.spec.template",
      },
      { name: 'pod', expression: 'variables.template.spec' },
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
      demand(controlled('object', module), 'this controller writes only what an object of its own kinds owns'),
      // By this label others let them in: to a server, to its own controller's health, to whatever a person has written a policy for.
      demand(
        labelled('variables.template.metadata.?labels.orValue({})', NAME, (name) => `${name} in ${list(names)}`),
        `its Pods are labelled ${NAME} in ${names.join(', ')}`,
      ),
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

function defaultVolumes(module: ControllerModule): string[] {
  const knowsClaims = module.rules.some(({ resources }) => resources.includes('persistentvolumeclaims'));
  return [...DEFAULT_VOLUMES, ...(knowsClaims ? [CLAIMED_VOLUME] : [])].sort();
}

const NAME = Label.name;

/** What is there already, whatever its kind; who is let in where; and what becomes a token: a Secret of one type is filled in for any account that it names. */
function dataRules(module: ControllerModule): Rules {
  const { annotation, managedBy } = namesOf({ domain: module.domain });
  const names = namesOfKinds(module);
  const isOwnName = (name: string): string => `${name} in ${list(names)}`;
  const labels = 'variables.there.metadata.?labels.orValue({})';
  const annotations = 'variables.there.metadata.?annotations.orValue({})';
  return {
    matchConstraints: {
      resourceRules: [
        about('', ['persistentvolumeclaims'], 'CREATE', 'UPDATE', 'DELETE'),
        about('', ['secrets'], 'CREATE', 'UPDATE', 'DELETE'),
        ...makers('UPDATE', 'DELETE'),
        ...childrenOf(module),
      ],
    },
    variables: [
      { name: 'there', expression: "request.operation == 'CREATE' ? object : oldObject" },
      // See packages/graph/src/declare/mark.ts: the owner's group and kind, after who manages it.
      {
        name: 'marks',
        expression: `${annotations}.exists(a, a == ${text(annotation.owner)}) ? [${annotations}[${text(annotation.owner)}].split('/')].filter(m, m.size() == 9) : []`,
      },
      { name: 'own', expression: controlled('variables.there', module) },
    ],
    validations: [
      demand(
        "request.kind.kind != 'Secret' || request.operation == 'DELETE' || object.?type.orValue('Opaque') != 'kubernetes.io/service-account-token'",
        "this controller asks for nobody's token",
      ),
      demand(
        `request.kind.kind != 'PersistentVolumeClaim' || ${labelled(labels, NAME, isOwnName)}`,
        'this controller touches only volumes of its own kinds',
      ),
      demand(
        // What outlives its owner has its mark only; what has none was handed over by a person, or is of a version that knew no marks.
        `variables.own || variables.marks.exists(m, m[1] + '/' + m[2] in ${list(kindsOf(module))}) || ` +
          "(request.operation != 'CREATE' && variables.marks.size() == 0 && " +
          '!variables.there.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false)) && ' +
          `${labelled(labels, Label.managedBy, (value) => `${value} == ${text(managedBy)}`)} && ` +
          `!${labelled(labels, NAME, (name) => `!(${isOwnName(name)})`)}) || ` +
          // A password that a person chose, or keys that they put back, and offer: what becomes of them is noted there.
          "(request.kind.kind == 'Secret' && request.operation == 'UPDATE' && variables.marks.size() == 0 && " +
          '!variables.there.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false)) && ' +
          `${labelled(labels, known.usableBy, (value) => `${value} == ${text(module.name)}`)})`,
        'this controller touches nothing but what is of an object of its own kinds',
      ),
      demand(
        "request.kind.kind != 'NetworkPolicy' || request.operation == 'DELETE' || " +
          labelled('object.?spec.?podSelector.?matchLabels.orValue({})', NAME, isOwnName),
        'this controller opens and closes only Pods of its own kinds',
      ),
    ],
  };
}

/** All that it writes but its own kinds, which are others' to make, and parts of an object that have rules of their own. */
function childrenOf(module: ControllerModule) {
  const own = new Set(module.customResources.map(({ group, plural }) => `${group}/${plural}`));
  return writtenBy(module)
    .filter(({ group, resource }) => !resource.includes('/') && !own.has(`${group}/${resource}`))
    .map(({ group, resource }) => about(group, [resource], 'CREATE', 'UPDATE', 'DELETE'));
}
