// What `kubectl debug` adds to a Pod that runs: containers that come and go, and are otherwise left alone.
import type { EphemeralContainer, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { equal } from '../../json.js';
import { nameProblem } from '../../schema/names.js';

/** Fields of other containers that make no sense here. */
const FORBIDDEN: readonly (keyof EphemeralContainer)[] = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
];

export function validateEphemeral(spec: Readonly<PodSpec>, old: Readonly<PodSpec> | undefined): FieldError[] {
  const list = spec.ephemeralContainers ?? [];
  const others = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const errors = list.flatMap((container, index) => {
    const path = `spec.ephemeralContainers[${index}]`;
    const problem = container.name ? nameProblem('label', container.name) : undefined;
    const taken = others.includes(container.name) || list.findIndex(({ name }) => name === container.name) < index;
    const { targetContainerName: target } = container;
    return [
      ...(container.name ? [] : [field.required(`${path}.name`)]),
      ...(problem ? [field.invalid(`${path}.name`, container.name, problem)] : []),
      ...(taken ? [field.duplicate(`${path}.name`, container.name)] : []),
      ...(container.image ? [] : [field.required(`${path}.image`)]),
      ...(target && !spec.containers.some(({ name }) => name === target)
        ? [field.notFound(`${path}.targetContainerName`, target)]
        : []),
      ...FORBIDDEN.filter((name) => container[name] !== undefined).map((name) =>
        field.forbidden(`${path}.${name}`, 'cannot be set for an Ephemeral Container'),
      ),
    ];
  });
  for (const known of old?.ephemeralContainers ?? []) {
    const now = list.find(({ name }) => name === known.name);
    const change = now === undefined ? 'removed' : equal(now, known) ? undefined : 'changed';
    if (change)
      errors.push(
        field.forbidden(
          'spec.ephemeralContainers',
          `existing ephemeral containers "${known.name}" may not be ${change}`,
        ),
      );
  }
  return errors;
}
