import type { PriorityClass } from '@stackwright/kube';
import { field, type FieldError } from '../../errors.js';
import type { Strategy } from '../resource.js';

/** What is above is the system's. */
const HIGHEST = 1_000_000_000;
const RESERVED = 'system-';

/** Those that every cluster has, and what they are worth. */
export const systemClasses: Readonly<Record<string, { value: number; description: string }>> = {
  'system-cluster-critical': {
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  'system-node-critical': {
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
};

const policies = ['PreemptLowerPriority', 'Never'];

export const priorityClassStrategy: Strategy<PriorityClass> = {
  // There is a first generation, and never another.
  generationFields: [],
  reportsMissing: true,
  defaults(priority) {
    priority.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate(priority, old) {
    const { metadata, value, preemptionPolicy = '' } = priority;
    const name = metadata?.name ?? '';
    const errors: FieldError[] = [];
    if (name.startsWith(RESERVED) && value !== systemClasses[name]?.value) {
      errors.push(
        field.forbidden(
          'metadata.name',
          `priority class names with '${RESERVED}' prefix are reserved for system use only. error: ${
            systemClasses[name]
              ? `value of ${name} PriorityClass must be ${systemClasses[name].value}`
              : `${name} is not a known system priority class`
          }`,
        ),
      );
    }
    if (!old && !name.startsWith(RESERVED) && value > HIGHEST)
      errors.push(field.forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST}`));
    if (!old && preemptionPolicy === '') errors.push(field.required('preemptionPolicy'));
    else if (!old && !policies.includes(preemptionPolicy))
      errors.push(field.notSupported('preemptionPolicy', preemptionPolicy, policies));
    if (old && value !== old.value) errors.push(field.forbidden('value', 'may not be changed in an update.'));
    if (old && preemptionPolicy !== old.preemptionPolicy)
      errors.push(field.invalid('preemptionPolicy', preemptionPolicy, 'field is immutable'));
    return errors;
  },
};
