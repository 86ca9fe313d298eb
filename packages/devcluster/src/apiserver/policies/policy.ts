// A ValidatingAdmissionPolicy, compiled: what its expressions say of one request with one set of parameters.
import type { ValidatingAdmissionPolicy } from '@stackwright/kube';
import type { Validation } from 'kubernetes-types/admissionregistration/v1.d.ts';
import { compileExpression, ExpressionError, type Expression } from '../cel/expression.js';
import { field, type FieldError } from '../errors.js';
import { allHold, requestEnvironment } from '../webhooks/conditions.js';

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;

interface Check {
  readonly source: Validation;
  readonly expression: Expression;
  readonly message: Expression | undefined;
}

export interface Finding {
  message: string;
  reason: string;
}

/** An expression that failed, which is for the failure policy to judge. */
export class PolicyFailure extends Error {}

export class CompiledPolicy {
  readonly #conditions: readonly Expression[];
  readonly #variables: readonly (readonly [string, Expression])[];
  readonly #checks: readonly Check[];

  /** `problem` is told of what does not compile; without it that throws. */
  constructor({ matchConditions, variables, validations }: Spec, problem?: (error: FieldError) => void) {
    /** An expression knows the variables that are declared before it. */
    const known: Record<string, 'dyn'> = {};
    const compile = (source: string, type: 'bool' | 'string' | 'any', path: string): Expression | undefined => {
      const environment = requestEnvironment('namespaceObject', 'params');
      environment.registerVariable('variables', { schema: { ...known } });
      try {
        return compileExpression(environment, source, type);
      } catch (error) {
        if (!problem || !(error instanceof ExpressionError)) throw error;
        problem(field.invalid(path, source, error.message));
        return undefined;
      }
    };
    const kept = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);
    this.#conditions = (matchConditions ?? []).flatMap(({ expression }, index) =>
      kept(compile(expression, 'bool', `spec.matchConditions[${index}].expression`)),
    );
    this.#variables = (variables ?? []).flatMap(({ name, expression }, index) => {
      const compiled = compile(expression, 'any', `spec.variables[${index}].expression`);
      known[name] = 'dyn';
      return compiled ? [[name, compiled] as const] : [];
    });
    this.#checks = (validations ?? []).flatMap((source, index) => {
      const path = `spec.validations[${index}]`;
      const expression = compile(source.expression, 'bool', `${path}.expression`);
      const message = source.messageExpression
        ? compile(source.messageExpression, 'string', `${path}.messageExpression`)
        : undefined;
      return expression ? [{ source, expression, message }] : [];
    });
  }

  /** Throws a PolicyFailure. */
  matches(given: Readonly<Record<string, unknown>>): boolean {
    return allHold(this.#conditions, (condition) => run(condition, given));
  }

  /** What the object breaks. `failed` says what an expression that failed counts as. */
  evaluate(given: Readonly<Record<string, unknown>>, failed: (failure: PolicyFailure) => Finding[]): Finding[] {
    const scope: Record<string, unknown> = { ...given };
    const variables: Record<string, unknown> = {};
    // Each one when it is asked for: one that fails fails only who names it.
    for (const [name, expression] of this.#variables) {
      Object.defineProperty(variables, name, { enumerable: true, get: () => run(expression, scope) });
    }
    scope['variables'] = variables;
    return this.#checks.flatMap(({ source, expression, message }) => {
      try {
        if (run(expression, scope) === true) return [];
      } catch (error) {
        // The others are asked all the same.
        if (error instanceof PolicyFailure) return failed(error);
        throw error;
      }
      return [
        {
          message:
            composed(message, scope) ?? (source.message?.trim() || `failed expression: ${source.expression.trim()}`),
          reason: source.reason ?? 'Invalid',
        },
      ];
    });
  }
}

function run(expression: Expression, variables: Readonly<Record<string, unknown>>): unknown {
  try {
    return expression.evaluate(variables);
  } catch (error) {
    throw new PolicyFailure(`expression '${expression.source}' resulted in error: ${(error as Error).message}`);
  }
}

function composed(
  expression: Expression | undefined,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    const text = expression?.evaluate(variables);
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}
