// Rules for what a Pod says of where it may run.
import type { Toleration, TopologySpreadConstraint } from 'kubernetes-types/core/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { labelValueProblem, qualifiedNameProblem } from '../../schema/names.js';

const operators = ['Equal', 'Exists'];
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[] = [], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(toleration, `${path}[${index}]`));
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  const errors: FieldError[] = [];
  const keyProblem = key === '' ? undefined : qualifiedNameProblem(key);
  if (keyProblem) errors.push(field.invalid(`${path}.key`, key, keyProblem));
  if (key === '' && operator !== 'Exists') {
    errors.push(
      field.invalid(
        `${path}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.push(field.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  if (operator === '' || operator === 'Equal') {
    const problem = labelValueProblem(value);
    if (problem) errors.push(field.invalid(`${path}.operator`, value, problem));
  } else if (operator !== 'Exists') {
    errors.push(field.notSupported(`${path}.operator`, operator, operators));
  } else if (value !== '') {
    errors.push(field.invalid(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
  }
  if (effect !== '' && !effects.includes(effect)) errors.push(field.notSupported(`${path}.effect`, effect, effects));
  return errors;
}

const actions = ['DoNotSchedule', 'ScheduleAnyway'];

export function validateSpread(constraints: readonly TopologySpreadConstraint[] = [], path: string): FieldError[] {
  const taken = new Set<string>();
  return constraints.flatMap(({ maxSkew, minDomains, topologyKey, whenUnsatisfiable }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(field.invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    const keyProblem = qualifiedNameProblem(topologyKey);
    if (topologyKey === '') errors.push(field.required(`${at}.topologyKey`, 'can not be empty'));
    else if (keyProblem) errors.push(field.invalid(`${at}.topologyKey`, topologyKey, keyProblem));
    if (!actions.includes(whenUnsatisfiable))
      errors.push(field.notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, actions));
    if (minDomains !== undefined && minDomains <= 0)
      errors.push(field.invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'));
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      errors.push(
        field.invalid(
          `${at}.minDomains`,
          minDomains,
          'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
        ),
      );
    }
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (taken.has(pair)) errors.push(field.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    taken.add(pair);
    return errors;
  });
}
