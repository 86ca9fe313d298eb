// How the lists, maps and structs of the built-in kinds merge under server-side apply: what the API's own schemas say in
// x-kubernetes-list-type, x-kubernetes-list-map-keys and x-kubernetes-map-type. Types that lead to nothing but atomic lists
// and plain structs are left out: they are what a field is of which nothing is said here.

/** A field of a struct. */
export interface BuiltInField {
  /** A list whose items are told apart by these; "set": a list of scalars in which none stands twice. Absent: atomic. */
  readonly keys?: readonly string[] | 'set';
  /** What the API takes for a key that an item leaves out. */
  readonly keyDefaults?: Readonly<Record<string, unknown>>;
  /** A map that is one value. */
  readonly atomic?: true;
  /** The type of the struct, or of the items of the list, by its full name. */
  readonly type?: string;
}

type Fields = Readonly<Record<string, BuiltInField>>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const CORE = 'io.k8s.api.core.v1';
const APPS = 'io.k8s.api.apps.v1';
const BATCH = 'io.k8s.api.batch.v1';
const NETWORKING = 'io.k8s.api.networking.v1';
const POLICY = 'io.k8s.api.policy.v1';
const RBAC = 'io.k8s.api.rbac.v1';
const STORAGE = 'io.k8s.api.storage.v1';
const DISCOVERY = 'io.k8s.api.discovery.v1';
const AUTOSCALING = 'io.k8s.api.autoscaling.v2';
const ADMISSION = 'io.k8s.api.admissionregistration.v1';
const CERTIFICATES = 'io.k8s.api.certificates.v1';
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

export const objectMeta = `${META}.ObjectMeta`;

const of = (type: string): BuiltInField => ({ type });
const map = (keys: readonly string[], type?: string): BuiltInField => ({ keys, ...(type && { type }) });
const named = (type?: string): BuiltInField => map(['name'], type);
const set: BuiltInField = { keys: 'set' };
const atomic: BuiltInField = { atomic: true };
const conditions = map(['type']);
const selector = of(`${META}.LabelSelector`);

const kind = (spec?: string, status?: string): Fields => ({
  ...(spec && { spec: of(spec) }),
  ...(status && { status: of(status) }),
});
const ports = (key: string): BuiltInField => ({ keys: [key, 'protocol'], keyDefaults: { protocol: 'TCP' } });

const container: Fields = {
  ports: ports('containerPort'),
  env: named(),
  resources: of(`${CORE}.ResourceRequirements`),
  restartPolicyRules: of(`${CORE}.ContainerRestartRule`),
  volumeMounts: map(['mountPath'], `${CORE}.VolumeMount`),
  volumeDevices: map(['devicePath']),
};
const podAffinity: Fields = {
  requiredDuringSchedulingIgnoredDuringExecution: of(`${CORE}.PodAffinityTerm`),
  preferredDuringSchedulingIgnoredDuringExecution: of(`${CORE}.WeightedPodAffinityTerm`),
};
const workload: Fields = { selector, template: of(`${CORE}.PodTemplateSpec`) };
const templated = (spec: string): Fields => ({ metadata: of(objectMeta), spec: of(spec) });
const webhook: Fields = { namespaceSelector: selector, objectSelector: selector, matchConditions: named() };
const policySpec: Fields = {
  matchConstraints: of(`${ADMISSION}.MatchResources`),
  matchConditions: named(),
  variables: named(),
};
const bindingSpec: Fields = {
  paramRef: of(`${ADMISSION}.ParamRef`),
  matchResources: of(`${ADMISSION}.MatchResources`),
};
const metricSources: Fields = Object.fromEntries(
  ['object', 'pods', 'external'].map((name) => [name, of(`${AUTOSCALING}.MetricSource`)]),
);

const inPackage = (name: string, types: Readonly<Record<string, Fields>>): Record<string, Fields> =>
  Object.fromEntries(Object.entries(types).map(([type, fields]) => [`${name}.${type}`, fields]));

const types: Readonly<Record<string, Fields>> = {
  ...inPackage(META, { ObjectMeta: { finalizers: set, ownerReferences: map(['uid']) } }),
  ...inPackage(CORE, {
    Pod: kind(`${CORE}.PodSpec`, `${CORE}.PodStatus`),
    PodTemplate: { template: of(`${CORE}.PodTemplateSpec`) },
    PodTemplateSpec: templated(`${CORE}.PodSpec`),
    PodSpec: {
      containers: named(`${CORE}.Container`),
      initContainers: named(`${CORE}.Container`),
      ephemeralContainers: named(`${CORE}.EphemeralContainer`),
      volumes: named(`${CORE}.Volume`),
      nodeSelector: atomic,
      imagePullSecrets: named(),
      affinity: of(`${CORE}.Affinity`),
      hostAliases: map(['ip']),
      topologySpreadConstraints: map(['topologyKey', 'whenUnsatisfiable'], `${CORE}.TopologySpreadConstraint`),
      resources: of(`${CORE}.ResourceRequirements`),
      resourceClaims: named(),
      schedulingGates: named(),
    },
    Container: container,
    EphemeralContainer: container,
    ContainerRestartRule: { exitCodes: of(`${CORE}.ContainerRestartRuleOnExitCodes`) },
    ContainerRestartRuleOnExitCodes: { values: set },
    VolumeMount: { bindMountOptions: set },
    ResourceRequirements: { claims: named() },
    Volume: { projected: of(`${CORE}.ProjectedVolumeSource`), ephemeral: of(`${CORE}.EphemeralVolumeSource`) },
    ProjectedVolumeSource: { sources: of(`${CORE}.VolumeProjection`) },
    VolumeProjection: { clusterTrustBundle: of(`${CORE}.ClusterTrustBundleProjection`) },
    ClusterTrustBundleProjection: { labelSelector: selector },
    EphemeralVolumeSource: { volumeClaimTemplate: of(`${CORE}.PersistentVolumeClaimTemplate`) },
    PersistentVolumeClaimTemplate: templated(`${CORE}.PersistentVolumeClaimSpec`),
    Affinity: { podAffinity: of(`${CORE}.PodAffinity`), podAntiAffinity: of(`${CORE}.PodAntiAffinity`) },
    PodAffinity: podAffinity,
    PodAntiAffinity: podAffinity,
    WeightedPodAffinityTerm: { podAffinityTerm: of(`${CORE}.PodAffinityTerm`) },
    PodAffinityTerm: { labelSelector: selector, namespaceSelector: selector },
    TopologySpreadConstraint: { labelSelector: selector },
    PodStatus: {
      conditions,
      podIPs: map(['ip']),
      resourceClaimStatuses: named(),
      containerStatuses: of(`${CORE}.ContainerStatus`),
      initContainerStatuses: of(`${CORE}.ContainerStatus`),
      ephemeralContainerStatuses: of(`${CORE}.ContainerStatus`),
      resources: of(`${CORE}.ResourceRequirements`),
    },
    ContainerStatus: {
      resources: of(`${CORE}.ResourceRequirements`),
      volumeMounts: map(['mountPath']),
      allocatedResourcesStatus: named(`${CORE}.ResourceStatus`),
    },
    ResourceStatus: { resources: map(['resourceID']) },
    Service: kind(`${CORE}.ServiceSpec`, `${CORE}.ServiceStatus`),
    ServiceSpec: { ports: ports('port'), selector: atomic },
    ServiceStatus: { conditions },
    ServiceAccount: { secrets: named() },
    Namespace: kind(undefined, `${CORE}.NamespaceStatus`),
    NamespaceStatus: { conditions },
    Node: kind(`${CORE}.NodeSpec`, `${CORE}.NodeStatus`),
    NodeSpec: { podCIDRs: set },
    NodeStatus: { conditions, addresses: map(['type']) },
    PersistentVolumeClaim: {
      metadata: of(objectMeta),
      ...kind(`${CORE}.PersistentVolumeClaimSpec`, `${CORE}.PersistentVolumeClaimStatus`),
    },
    PersistentVolumeClaimSpec: { selector },
    PersistentVolumeClaimStatus: { conditions },
    ReplicationController: kind(`${CORE}.ReplicationControllerSpec`, `${CORE}.ReplicationControllerStatus`),
    ReplicationControllerSpec: { selector: atomic, template: of(`${CORE}.PodTemplateSpec`) },
    ReplicationControllerStatus: { conditions },
  }),
  ...inPackage(APPS, {
    ...Object.fromEntries(
      ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].flatMap((name) => [
        [name, kind(`${APPS}.${name}Spec`, `${APPS}.${name}Status`)],
        [`${name}Spec`, workload],
        [`${name}Status`, { conditions }],
      ]),
    ),
    StatefulSetSpec: { ...workload, volumeClaimTemplates: of(`${CORE}.PersistentVolumeClaim`) },
  }),
  ...inPackage(BATCH, {
    CronJob: kind(`${BATCH}.CronJobSpec`),
    CronJobSpec: { jobTemplate: of(`${BATCH}.JobTemplateSpec`) },
    JobTemplateSpec: templated(`${BATCH}.JobSpec`),
    Job: kind(`${BATCH}.JobSpec`, `${BATCH}.JobStatus`),
    JobSpec: { ...workload, podFailurePolicy: of(`${BATCH}.PodFailurePolicy`) },
    PodFailurePolicy: { rules: of(`${BATCH}.PodFailurePolicyRule`) },
    PodFailurePolicyRule: { onExitCodes: of(`${BATCH}.PodFailurePolicyOnExitCodesRequirement`) },
    PodFailurePolicyOnExitCodesRequirement: { values: set },
    JobStatus: { uncountedTerminatedPods: of(`${BATCH}.UncountedTerminatedPods`) },
    UncountedTerminatedPods: { succeeded: set, failed: set },
  }),
  ...inPackage(NETWORKING, {
    NetworkPolicy: kind(`${NETWORKING}.NetworkPolicySpec`),
    NetworkPolicySpec: {
      podSelector: selector,
      ingress: of(`${NETWORKING}.NetworkPolicyIngressRule`),
      egress: of(`${NETWORKING}.NetworkPolicyEgressRule`),
    },
    NetworkPolicyIngressRule: { from: of(`${NETWORKING}.NetworkPolicyPeer`) },
    NetworkPolicyEgressRule: { to: of(`${NETWORKING}.NetworkPolicyPeer`) },
    NetworkPolicyPeer: { podSelector: selector, namespaceSelector: selector },
    ServiceCIDR: kind(undefined, `${NETWORKING}.ServiceCIDRStatus`),
    ServiceCIDRStatus: { conditions },
  }),
  ...inPackage(POLICY, {
    PodDisruptionBudget: kind(`${POLICY}.PodDisruptionBudgetSpec`, `${POLICY}.PodDisruptionBudgetStatus`),
    PodDisruptionBudgetSpec: { selector },
    PodDisruptionBudgetStatus: { conditions },
  }),
  ...inPackage(RBAC, {
    ClusterRole: { aggregationRule: of(`${RBAC}.AggregationRule`) },
    AggregationRule: { clusterRoleSelectors: selector },
  }),
  ...inPackage(STORAGE, {
    CSIDriver: kind(`${STORAGE}.CSIDriverSpec`),
    CSIDriverSpec: { volumeLifecycleModes: set },
    CSINode: kind(`${STORAGE}.CSINodeSpec`),
    CSINodeSpec: { drivers: named() },
    CSIStorageCapacity: { nodeTopology: selector },
  }),
  ...inPackage(DISCOVERY, {
    EndpointSlice: { endpoints: of(`${DISCOVERY}.Endpoint`) },
    Endpoint: { addresses: set },
  }),
  ...inPackage(AUTOSCALING, {
    HorizontalPodAutoscaler: kind(
      `${AUTOSCALING}.HorizontalPodAutoscalerSpec`,
      `${AUTOSCALING}.HorizontalPodAutoscalerStatus`,
    ),
    HorizontalPodAutoscalerSpec: { metrics: of(`${AUTOSCALING}.MetricSpec`) },
    HorizontalPodAutoscalerStatus: { conditions, currentMetrics: of(`${AUTOSCALING}.MetricSpec`) },
    MetricSpec: metricSources,
    MetricSource: { metric: of(`${AUTOSCALING}.MetricIdentifier`) },
    MetricIdentifier: { selector },
  }),
  ...inPackage(ADMISSION, {
    MutatingWebhookConfiguration: { webhooks: named(`${ADMISSION}.MutatingWebhook`) },
    ValidatingWebhookConfiguration: { webhooks: named(`${ADMISSION}.ValidatingWebhook`) },
    MutatingWebhook: webhook,
    ValidatingWebhook: webhook,
    MutatingAdmissionPolicy: kind(`${ADMISSION}.MutatingAdmissionPolicySpec`),
    MutatingAdmissionPolicySpec: { ...policySpec, variables: {} },
    MutatingAdmissionPolicyBinding: kind(`${ADMISSION}.MutatingAdmissionPolicyBindingSpec`),
    MutatingAdmissionPolicyBindingSpec: bindingSpec,
    ValidatingAdmissionPolicy: kind(
      `${ADMISSION}.ValidatingAdmissionPolicySpec`,
      `${ADMISSION}.ValidatingAdmissionPolicyStatus`,
    ),
    ValidatingAdmissionPolicySpec: policySpec,
    ValidatingAdmissionPolicyStatus: { conditions },
    ValidatingAdmissionPolicyBinding: kind(`${ADMISSION}.ValidatingAdmissionPolicyBindingSpec`),
    ValidatingAdmissionPolicyBindingSpec: { ...bindingSpec, validationActions: set },
    MatchResources: { namespaceSelector: selector, objectSelector: selector },
    ParamRef: { selector },
  }),
  ...inPackage(CERTIFICATES, {
    CertificateSigningRequest: kind(undefined, `${CERTIFICATES}.CertificateSigningRequestStatus`),
    CertificateSigningRequestStatus: { conditions },
  }),
  ...inPackage(EXTENSIONS, {
    CustomResourceDefinition: kind(undefined, `${EXTENSIONS}.CustomResourceDefinitionStatus`),
    CustomResourceDefinitionStatus: { conditions },
  }),
};

/** Structs that are one value: who applies one applies all of it, and whoever applied it before owns nothing of it any more. */
const atomicStructs: ReadonlySet<string> = new Set([
  `${META}.LabelSelector`,
  ...[
    'ConfigMapKeySelector',
    'EndpointAddress',
    'EndpointPort',
    'LocalObjectReference',
    'NodeSelector',
    'NodeSelectorTerm',
    'ObjectFieldSelector',
    'ObjectReference',
    'ResourceFieldSelector',
    'ScopeSelector',
    'SecretKeySelector',
    'SecretReference',
    'TopologySelectorTerm',
    'TypedLocalObjectReference',
  ].map((name) => `${CORE}.${name}`),
  ...['MatchResources', 'NamedRuleWithOperations', 'ParamKind', 'ParamRef', 'Variable'].map(
    (name) => `${ADMISSION}.${name}`,
  ),
  `${RBAC}.RoleRef`,
  `${RBAC}.Subject`,
  `${DISCOVERY}.EndpointPort`,
  `${NETWORKING}.ServiceBackendPort`,
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
]);

/** What is said of a field of a type ("io.k8s.api.core.v1.PodSpec"), if anything. */
export function builtInField(type: string, field: string): BuiltInField | undefined {
  const fields = types[type];
  return fields && Object.hasOwn(fields, field) ? fields[field] : undefined;
}

export const isAtomicStruct = (type: string): boolean => atomicStructs.has(type);

/** The groups of the API server itself, by the name of their packages. */
const packages: Readonly<Record<string, string>> = {
  '': 'core',
  apps: 'apps',
  autoscaling: 'autoscaling',
  batch: 'batch',
  policy: 'policy',
  'admissionregistration.k8s.io': 'admissionregistration',
  'certificates.k8s.io': 'certificates',
  'discovery.k8s.io': 'discovery',
  'networking.k8s.io': 'networking',
  'rbac.authorization.k8s.io': 'rbac',
  'storage.k8s.io': 'storage',
};

/** The type of the objects of a built-in kind; of other kinds, or where nothing is said of it, undefined. */
export function builtInTypeOf(group: string, version: string, kind: string): string | undefined {
  const name =
    group === 'apiextensions.k8s.io'
      ? `${EXTENSIONS}.${kind}`
      : Object.hasOwn(packages, group)
        ? `io.k8s.api.${packages[group]}.${version}.${kind}`
        : '';
  return Object.hasOwn(types, name) ? name : undefined;
}
