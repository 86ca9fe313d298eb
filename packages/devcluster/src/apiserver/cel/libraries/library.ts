// What every library of functions is made with.
import { EvaluationError, type Environment } from '@marcbachmann/cel-js';

export type Library = (environment: Environment) => void;

/** Why a function cannot answer, in the words of a real server. */
export const failure = (message: string): EvaluationError => new EvaluationError(message);

/** A list as the evaluator has it: lists of type `set` are Sets, which compare without regard to order. */
export type List<T = unknown> = readonly T[] | ReadonlySet<T>;

export const items = <T>(list: List<T>): readonly T[] => (list instanceof Set ? [...list] : (list as readonly T[]));

/** Functions of a name with a dot ("sets.contains") hang on a constant of that name. */
export function namespace(environment: Environment, name: string): string {
  const type = `${name}.functions`;
  class Namespace {}
  environment.registerType(type, { ctor: Namespace, fields: {} });
  environment.registerConstant(name, type, new Namespace());
  return type;
}
