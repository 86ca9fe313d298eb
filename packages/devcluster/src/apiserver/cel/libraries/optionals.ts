// The macros of optional values that the evaluator lacks: optMap and optFlatMap.
import { Optional } from '@marcbachmann/cel-js';
import type { Library } from './library.js';

/** What the checker and the evaluator hand to a macro, as far as it is used here. */
interface Type {
  readonly kind: string;
  readonly valueType?: Type;
}
interface Context {
  forkWithVariable(name: string, type: Type): Context;
  reuse(parent: Context): Context;
  setIterValue(value: unknown, evaluator: Evaluator): Context;
}
interface Checker {
  check(node: Node, context: Context): Type;
  getType(name: string): Type;
  createError(code: string, message: string, node: Node): Error;
  readonly registry: { getOptionalType(type: Type): Type };
}
interface Evaluator {
  run(node: Node, context: Context): unknown;
}
interface Node {
  readonly op: string;
  readonly args: unknown;
}
interface Call {
  readonly args: readonly [Node, Node];
  readonly receiver: Node;
}

function mapping(flat: boolean) {
  return ({ args: [variable, expression], receiver }: Call) => {
    let bound: Context;
    return {
      typeCheck(checker: Checker, _: unknown, context: Context): Type {
        const type = checker.check(receiver, context);
        const dyn = checker.getType('dyn');
        if (variable.op !== 'id')
          throw checker.createError('invalid_argument', 'the first argument is not an identifier', variable);
        bound = context.forkWithVariable(
          String(variable.args),
          type.kind === 'optional' ? (type.valueType ?? dyn) : dyn,
        );
        const result = checker.check(expression, bound);
        return flat ? result : checker.registry.getOptionalType(result);
      },
      evaluate(evaluator: Evaluator, _: unknown, context: Context): unknown {
        const value = evaluator.run(receiver, context);
        if (!(value instanceof Optional) || !value.hasValue()) return Optional.none();
        const result = evaluator.run(expression, bound.reuse(context).setIterValue(value.value(), evaluator));
        return flat ? result : Optional.of(result);
      },
    };
  };
}

const isZero = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === '' ||
  value === 0 ||
  value === 0n ||
  (Array.isArray(value) && value.length === 0) ||
  ((value instanceof Map || value instanceof Set) && value.size === 0);

export const optionals: Library = (environment) => {
  environment
    .registerFunction('optional.optMap(ast, ast): optional<dyn>', mapping(false))
    .registerFunction('optional.optFlatMap(ast, ast): optional<dyn>', mapping(true))
    .registerFunction('OptionalNamespace.ofNonZeroValue(A): optional<A>', (_: unknown, value: unknown) =>
      isZero(value) ? Optional.none() : Optional.of(value),
    );
};
