// Where Pods run, and how many of them may be away at once: the terms of Kubernetes, for every kind that has Pods.
import { Type, type Static } from '@sinclair/typebox';
import { IntOrString, ListMap, StringEnum, StringMap } from '@stackwright/kube';
import { keyLength, longestKey, objectName } from './fields.js';

const labelKey = (description: string) =>
  Type.String({
    description,
    maxLength: 316,
    pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
  });

const toleration = Type.Object(
  {
    key: Type.Optional(labelKey('Key of the taint. Absent, with operator Exists: every taint.')),
    operator: Type.Optional(
      StringEnum(['Equal', 'Exists'], { description: 'How the value is compared. Absent: Equal.' }),
    ),
    value: Type.Optional(Type.String({ description: 'Value of the taint; none with operator Exists.', maxLength: 63 })),
    effect: Type.Optional(
      StringEnum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], {
        description: 'Effect of the taint. Absent: every effect.',
      }),
    ),
    tolerationSeconds: Type.Optional(
      Type.Integer({
        description: 'Seconds for which a taint with effect NoExecute is tolerated. Absent: for ever.',
        format: 'int64',
      }),
    ),
  },
  {
    'x-kubernetes-validations': [
      {
        rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
        message: 'without a key, operator must be Exists',
      },
      {
        rule: "!(has(self.operator) && self.operator == 'Exists' && has(self.value) && self.value != '')",
        message: 'with operator Exists there is no value',
      },
      {
        rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        message: 'tolerationSeconds goes with effect NoExecute only',
      },
    ],
  },
);

const topologySpreadConstraint = Type.Object(
  {
    topologyKey: labelKey('Label of nodes: those with the same value are one domain.'),
    whenUnsatisfiable: StringEnum(['DoNotSchedule', 'ScheduleAnyway'], {
      description: 'What becomes of a Pod that would make the skew too large.',
    }),
    maxSkew: Type.Integer({
      description: 'By how many Pods a domain may be ahead of the emptiest one.',
      minimum: 1,
      default: 1,
      format: 'int32',
    }),
    minDomains: Type.Optional(
      Type.Integer({
        description: 'Fewer domains than this count as if there were an empty one. With DoNotSchedule only.',
        minimum: 1,
        format: 'int32',
      }),
    ),
    nodeAffinityPolicy: Type.Optional(
      StringEnum(['Honor', 'Ignore'], { description: 'Whether only nodes that the nodeSelector allows count.' }),
    ),
    nodeTaintsPolicy: Type.Optional(
      StringEnum(['Honor', 'Ignore'], { description: 'Whether only nodes whose taints are tolerated count.' }),
    ),
  },
  {
    'x-kubernetes-validations': [
      {
        rule: "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
        message: 'minDomains goes with DoNotSchedule only',
      },
    ],
  },
);

const eviction = 'A number of Pods, or a percentage of them ("25%").';

const disruptionBudget = Type.Object(
  {
    maxUnavailable: Type.Optional(
      IntOrString({
        description: `How many may be away by evictions. ${eviction} 0 lets no Pod be evicted at all: nodes cannot be drained; "100%" protects nothing.`,
        maxLength: 4,
        pattern: '^[0-9]{1,3}%$',
      }),
    ),
    minAvailable: Type.Optional(
      IntOrString({
        description: `How many must stay. ${eviction} As many as there are replicas lets none be evicted: nodes cannot be drained.`,
        maxLength: 4,
        pattern: '^[0-9]{1,3}%$',
      }),
    ),
    unhealthyPodEvictionPolicy: Type.Optional(
      StringEnum(['AlwaysAllow', 'IfHealthyBudget'], {
        description: 'Whether Pods that are not ready may always be evicted. Absent: AlwaysAllow.',
      }),
    ),
  },
  {
    description:
      'How many Pods may be away when nodes are drained. Default: { maxUnavailable: 1 }, which lets a drain always go on.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.maxUnavailable) != has(self.minAvailable)',
        message: 'exactly one of maxUnavailable and minAvailable',
      },
    ],
  },
);

export const schedulingFields = {
  priorityClassName: Type.Optional(objectName('PriorityClass of the Pods.')),
  nodeSelector: Type.Optional(
    StringMap(
      {
        description: 'Labels that a node must have to run the Pods.',
        maxProperties: 64,
        'x-kubernetes-map-type': 'atomic',
        'x-kubernetes-validations': [keyLength(longestKey)],
      },
      { maxLength: 63 },
    ),
  ),
  tolerations: Type.Optional(
    Type.Array(toleration, {
      description: 'Taints of nodes that the Pods tolerate.',
      maxItems: 32,
      'x-kubernetes-list-type': 'atomic',
    }),
  ),
  topologySpreadConstraints: Type.Optional(
    ListMap(topologySpreadConstraint, ['topologyKey', 'whenUnsatisfiable'], {
      description:
        "How the Pods of one workload are spread; which Pods count is the controller's to say. Default: over nodes and over " +
        'zones where that is possible (ScheduleAnyway). An empty list: not at all.',
      maxItems: 8,
    }),
  ),
  podDisruptionBudget: Type.Optional(disruptionBudget),
};

export type TopologySpreadConstraint = Static<typeof topologySpreadConstraint>;
export type DisruptionBudget = Static<typeof disruptionBudget>;
