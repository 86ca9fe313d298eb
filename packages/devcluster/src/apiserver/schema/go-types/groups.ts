// All groups but the core one, and what they share.
import type { GoTypes } from './table.js';

export const groups: GoTypes = {
  'io.k8s.api.apps.v1': {
    ControllerRevision: 'metadata:1? data:2? revision:3',
    DaemonSet: 'metadata:1? spec:2? status:3?',
    DaemonSetCondition: 'type:1 status:2 lastTransitionTime:3? reason:4? message:5?',
    DaemonSetSpec: 'selector:1* template:2 updateStrategy:3? minReadySeconds:4? revisionHistoryLimit:6*',
    DaemonSetStatus:
      'currentNumberScheduled:1 numberMisscheduled:2 desiredNumberScheduled:3 numberReady:4 observedGeneration:5? updatedNumberScheduled:6? numberAvailable:7? numberUnavailable:8? collisionCount:9* conditions:10?',
    DaemonSetUpdateStrategy: 'type:1? rollingUpdate:2*',
    Deployment: 'metadata:1? spec:2? status:3?',
    DeploymentCondition: 'type:1 status:2 lastUpdateTime:6? lastTransitionTime:7? reason:4? message:5?',
    DeploymentSpec:
      'replicas:1* selector:2* template:3 strategy:4? minReadySeconds:5? revisionHistoryLimit:6* paused:7? progressDeadlineSeconds:9*',
    DeploymentStatus:
      'observedGeneration:1? replicas:2? updatedReplicas:3? readyReplicas:7? availableReplicas:4? unavailableReplicas:5? conditions:6? collisionCount:8*',
    DeploymentStrategy: 'type:1? rollingUpdate:2*',
    ReplicaSet: 'metadata:1? spec:2? status:3?',
    ReplicaSetCondition: 'type:1 status:2 lastTransitionTime:3? reason:4? message:5?',
    ReplicaSetSpec: 'replicas:1* minReadySeconds:4? selector:2* template:3?',
    ReplicaSetStatus:
      'replicas:1 fullyLabeledReplicas:2? readyReplicas:4? availableReplicas:5? observedGeneration:3? conditions:6?',
    RollingUpdateDaemonSet: 'maxUnavailable:1* maxSurge:2*',
    RollingUpdateDeployment: 'maxUnavailable:1* maxSurge:2*',
    RollingUpdateStatefulSetStrategy: 'partition:1* maxUnavailable:2*',
    StatefulSet: 'metadata:1? spec:2? status:3?',
    StatefulSetCondition: 'type:1 status:2 lastTransitionTime:3? reason:4? message:5?',
    StatefulSetOrdinals: 'start:1',
    StatefulSetPersistentVolumeClaimRetentionPolicy: 'whenDeleted:1? whenScaled:2?',
    StatefulSetSpec:
      'replicas:1* selector:2* template:3 volumeClaimTemplates:4? serviceName:5 podManagementPolicy:6? updateStrategy:7? revisionHistoryLimit:8* minReadySeconds:9? persistentVolumeClaimRetentionPolicy:10* ordinals:11*',
    StatefulSetStatus:
      'observedGeneration:1? replicas:2 readyReplicas:3? currentReplicas:4? updatedReplicas:5? currentRevision:6? updateRevision:7? collisionCount:9* conditions:10? availableReplicas:11',
    StatefulSetUpdateStrategy: 'type:1? rollingUpdate:2*',
  },
  'io.k8s.api.authentication.v1': {
    BoundObjectReference: 'kind:1? apiVersion:2? name:3? uid:4?',
    SelfSubjectReview: 'metadata:1? status:2?',
    SelfSubjectReviewStatus: 'userInfo:1?',
    TokenRequest: 'metadata:1? spec:2 status:3?',
    TokenRequestSpec: 'audiences:1 expirationSeconds:4* boundObjectRef:3*',
    TokenRequestStatus: 'token:1 expirationTimestamp:2',
    TokenReview: 'metadata:1? spec:2 status:3?',
    TokenReviewSpec: 'token:1? audiences:2?',
    TokenReviewStatus: 'authenticated:1? user:2? audiences:4? error:3?',
    UserInfo: 'username:1? uid:2? groups:3? extra:4?',
  },
  'io.k8s.api.authorization.v1': {
    FieldSelectorAttributes: 'rawSelector:1? requirements:2?',
    LabelSelectorAttributes: 'rawSelector:1? requirements:2?',
    LocalSubjectAccessReview: 'metadata:1? spec:2 status:3?',
    NonResourceAttributes: 'path:1? verb:2?',
    NonResourceRule: 'verbs:1 nonResourceURLs:2?',
    ResourceAttributes:
      'namespace:1? verb:2? group:3? version:4? resource:5? subresource:6? name:7? fieldSelector:8* labelSelector:9*',
    ResourceRule: 'verbs:1 apiGroups:2? resources:3? resourceNames:4?',
    SelfSubjectAccessReview: 'metadata:1? spec:2 status:3?',
    SelfSubjectAccessReviewSpec: 'resourceAttributes:1* nonResourceAttributes:2*',
    SelfSubjectRulesReview: 'metadata:1? spec:2 status:3?',
    SelfSubjectRulesReviewSpec: 'namespace:1?',
    SubjectAccessReview: 'metadata:1? spec:2 status:3?',
    SubjectAccessReviewSpec: 'resourceAttributes:1* nonResourceAttributes:2* user:3? groups:4? extra:5? uid:6?',
    SubjectAccessReviewStatus: 'allowed:1 denied:4? reason:2? evaluationError:3?',
    SubjectRulesReviewStatus: 'resourceRules:1 nonResourceRules:2 incomplete:3 evaluationError:4?',
  },
  'io.k8s.api.autoscaling.v1': {
    Scale: 'metadata:1? spec:2? status:3?',
    ScaleSpec: 'replicas:1?',
    ScaleStatus: 'replicas:1 selector:2?',
  },
  'io.k8s.api.batch.v1': {
    CronJob: 'metadata:1? spec:2? status:3?',
    CronJobSpec:
      'schedule:1 timeZone:8* startingDeadlineSeconds:2* concurrencyPolicy:3? suspend:4* jobTemplate:5 successfulJobsHistoryLimit:6* failedJobsHistoryLimit:7*',
    CronJobStatus: 'active:1? lastScheduleTime:4* lastSuccessfulTime:5*',
    Job: 'metadata:1? spec:2? status:3?',
    JobCondition: 'type:1 status:2 lastProbeTime:3? lastTransitionTime:4? reason:5? message:6?',
    JobSpec:
      'parallelism:1* completions:2* activeDeadlineSeconds:3* podFailurePolicy:11* successPolicy:16* backoffLimit:7* backoffLimitPerIndex:12* maxFailedIndexes:13* selector:4* manualSelector:5* template:6 ttlSecondsAfterFinished:8* completionMode:9* suspend:10* podReplacementPolicy:14* managedBy:15*',
    JobStatus:
      'conditions:1? startTime:2* completionTime:3* active:4? succeeded:5? failed:6? terminating:11* completedIndexes:7? failedIndexes:10* uncountedTerminatedPods:8* ready:9*',
    JobTemplateSpec: 'metadata:1? spec:2?',
    PodFailurePolicy: 'rules:1',
    PodFailurePolicyOnExitCodesRequirement: 'containerName:1* operator:2 values:3',
    PodFailurePolicyOnPodConditionsPattern: 'type:1 status:2',
    PodFailurePolicyRule: 'action:1 onExitCodes:2* onPodConditions:3?',
    SuccessPolicy: 'rules:1',
    SuccessPolicyRule: 'succeededIndexes:1* succeededCount:2*',
    UncountedTerminatedPods: 'succeeded:1? failed:2?',
  },
  'io.k8s.api.coordination.v1': {
    Lease: 'metadata:1? spec:2?',
    LeaseSpec:
      'holderIdentity:1* leaseDurationSeconds:2* acquireTime:3* renewTime:4* leaseTransitions:5* strategy:6* preferredHolder:7*',
  },
  'io.k8s.api.discovery.v1': {
    Endpoint: 'addresses:1 conditions:2? hostname:3* targetRef:4* deprecatedTopology:5? nodeName:6* zone:7* hints:8*',
    EndpointConditions: 'ready:1* serving:2* terminating:3*',
    EndpointHints: 'forZones:1? forNodes:2?',
    EndpointPort: 'name:1* protocol:2* port:3* appProtocol:4*',
    EndpointSlice: 'metadata:1? addressType:4 endpoints:2 ports:3',
    ForNode: 'name:1',
    ForZone: 'name:1',
  },
  'io.k8s.api.events.v1': {
    Event:
      'metadata:1 eventTime:2 series:3* reportingController:4? reportingInstance:5? action:6? reason:7? regarding:8? related:9* note:10? type:11? deprecatedSource:12? deprecatedFirstTimestamp:13? deprecatedLastTimestamp:14? deprecatedCount:15?',
    EventSeries: 'count:1 lastObservedTime:2',
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1': {
    Condition: 'type:1 status:2 observedGeneration:3? lastTransitionTime:4 reason:5 message:6',
    DeleteOptions:
      'gracePeriodSeconds:1* preconditions:2* orphanDependents:3* propagationPolicy:4* dryRun:5? ignoreStoreReadErrorWithClusterBreakingPotential:6*',
    FieldSelectorRequirement: 'key:1 operator:2 values:3?',
    LabelSelector: 'matchLabels:1? matchExpressions:2?',
    LabelSelectorRequirement: 'key:1 operator:2 values:3?',
    ManagedFieldsEntry: 'manager:1? operation:2? apiVersion:3? time:4* fieldsType:6? fieldsV1:7* subresource:8?',
    ObjectMeta:
      'name:1? generateName:2? namespace:3? selfLink:4? uid:5? resourceVersion:6? generation:7? creationTimestamp:8? deletionTimestamp:9* deletionGracePeriodSeconds:10* labels:11? annotations:12? ownerReferences:13? finalizers:14? managedFields:17?',
    OwnerReference: 'apiVersion:5 kind:1 name:3 uid:4 controller:6* blockOwnerDeletion:7*',
    Preconditions: 'uid:1* resourceVersion:2*',
  },
  'io.k8s.api.networking.v1': {
    HTTPIngressPath: 'path:1? pathType:3* backend:2',
    HTTPIngressRuleValue: 'paths:1',
    Ingress: 'metadata:1? spec:2? status:3?',
    IngressBackend: 'service:4* resource:3*',
    IngressClass: 'metadata:1? spec:2?',
    IngressClassParametersReference: 'apiGroup:1* kind:2 name:3 scope:4* namespace:5*',
    IngressClassSpec: 'controller:1? parameters:2*',
    IngressLoadBalancerIngress: 'ip:1? hostname:2? ports:4?',
    IngressLoadBalancerStatus: 'ingress:1?',
    IngressPortStatus: 'port:1 protocol:2 error:3*',
    IngressRule: 'host:1? =:2:IngressRuleValue',
    IngressRuleValue: 'http:1*',
    IngressServiceBackend: 'name:1 port:2?',
    IngressSpec: 'ingressClassName:4* defaultBackend:1* tls:2? rules:3?',
    IngressStatus: 'loadBalancer:1?',
    IngressTLS: 'hosts:1? secretName:2?',
    IPBlock: 'cidr:1 except:2?',
    NetworkPolicy: 'metadata:1? spec:2?',
    NetworkPolicyEgressRule: 'ports:1? to:2?',
    NetworkPolicyIngressRule: 'ports:1? from:2?',
    NetworkPolicyPeer: 'podSelector:1* namespaceSelector:2* ipBlock:3*',
    NetworkPolicyPort: 'protocol:1* port:2* endPort:3*',
    NetworkPolicySpec: 'podSelector:1 ingress:2? egress:3? policyTypes:4?',
    ServiceBackendPort: 'name:1? number:2?',
  },
  'io.k8s.api.policy.v1': {
    Eviction: 'metadata:1? deleteOptions:2*',
    PodDisruptionBudget: 'metadata:1? spec:2? status:3?',
    PodDisruptionBudgetSpec: 'minAvailable:1* selector:2* maxUnavailable:3* unhealthyPodEvictionPolicy:4*',
    PodDisruptionBudgetStatus:
      'observedGeneration:1? disruptedPods:2? disruptionsAllowed:3 currentHealthy:4 desiredHealthy:5 expectedPods:6 conditions:7?',
  },
  'io.k8s.api.rbac.v1': {
    AggregationRule: 'clusterRoleSelectors:1?',
    ClusterRole: 'metadata:1? rules:2 aggregationRule:3*',
    ClusterRoleBinding: 'metadata:1? subjects:2? roleRef:3',
    PolicyRule: 'verbs:1 apiGroups:2? resources:3? resourceNames:4? nonResourceURLs:5?',
    Role: 'metadata:1? rules:2',
    RoleBinding: 'metadata:1? subjects:2? roleRef:3',
    RoleRef: 'apiGroup:1 kind:2 name:3',
    Subject: 'kind:1 apiGroup:2? name:3 namespace:4?',
  },
  'io.k8s.api.scheduling.v1': {
    PriorityClass: 'metadata:1? value:2 globalDefault:3? description:4? preemptionPolicy:5*',
  },
  'io.k8s.api.storage.v1': {
    StorageClass:
      'metadata:1? provisioner:2 parameters:3? reclaimPolicy:4* mountOptions:5? allowVolumeExpansion:6* volumeBindingMode:7* allowedTopologies:8?',
  },
};
