// The rules of a schema (x-kubernetes-validations), compiled once and then asked about every object.
import { Optional, type Environment } from '@marcbachmann/cel-js';
import { newEnvironment } from '../cel/environment.js';
import { compileExpression, ExpressionError, type Expression } from '../cel/expression.js';
import { declareType, type CelType } from '../cel/types.js';
import { field, type FieldError } from '../errors.js';
import { equal, isObject } from '../json.js';
import type { Schema, ValidationRule } from '../schema/schema.js';
import { oldField, oldItem } from './correlate.js';

export interface CompiledRule {
  readonly source: ValidationRule;
  readonly rule: Expression;
  readonly messageExpression: Expression | undefined;
  /** Compares with the old value: asked only where there is one, unless it takes an optional. */
  readonly transition: boolean;
}

/** Compiles a rule about values of the schema. Throws an ExpressionError. */
export type RuleCompiler = (source: ValidationRule) => CompiledRule;

/** Throws an ExpressionError where CEL cannot look at all. */
export function ruleCompiler(schema: Schema, root: boolean): { type: CelType; compile: RuleCompiler } {
  const types = newEnvironment();
  const type = declareType(types, schema, 'object', root);
  if (!type) throw new ExpressionError('rules are not supported here: the type of the value is not known');
  const self = types.clone().registerVariable('self', type.name);
  const environment = (name: string): Environment => self.clone().registerVariable('oldSelf', name);
  const plain = environment(type.name);
  const optional = environment(`optional<${type.name}>`);
  return {
    type,
    compile(source) {
      const scope = source.optionalOldSelf ? optional : plain;
      const rule = compileExpression(scope, source.rule, 'bool');
      return {
        source,
        rule,
        messageExpression: source.messageExpression
          ? compileExpression(scope, source.messageExpression, 'string')
          : undefined,
        transition: rule.names.has('oldSelf'),
      };
    },
  };
}

/**
 * What the rules of a value and of everything inside of it say. `old` is undefined for new objects. `strict`: what has not changed is
 * held to them, too.
 */
export type RuleCheck = (value: unknown, old: unknown, strict?: boolean) => FieldError[];

/** Undefined for a schema without rules. Compiled on first use. `root`: of a whole object. */
export function ruleCheck(schema: Schema, root = true): RuleCheck | undefined {
  if (!hasRules(schema)) return undefined;
  let node: RuleNode | undefined;
  return (value, old, strict = false) => {
    node ??= new RuleNode(schema, root);
    const run: Run = { errors: [], budget: BUDGET, strict };
    node.check(run, value, old, '', false);
    return run.errors;
  };
}

export function hasRules(schema: Schema): boolean {
  return (schema['x-kubernetes-validations'] ?? []).length > 0 || childrenOf(schema).some(hasRules);
}

function childrenOf({ properties, items, additionalProperties }: Schema): Schema[] {
  return [
    ...Object.values(properties ?? {}),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

/**
 * Bounds the work for one object, roughly: a rule costs as many units as it has values to look at, to the power of the
 * depth of its loops.
 */
const BUDGET = 10_000_000;

interface Run {
  readonly errors: FieldError[];
  budget: number;
  readonly strict: boolean;
}

class RuleNode {
  readonly #schema: Schema;
  readonly #type: CelType | undefined;
  readonly #rules: readonly CompiledRule[];
  readonly #properties: ReadonlyMap<string, RuleNode>;
  readonly #values: RuleNode | undefined;
  readonly #items: RuleNode | undefined;

  constructor(schema: Schema, root = false) {
    this.#schema = schema;
    const rules = schema['x-kubernetes-validations'] ?? [];
    const compiler = rules.length > 0 ? ruleCompiler(schema, root) : undefined;
    this.#type = compiler?.type;
    this.#rules = compiler ? rules.map(compiler.compile) : [];
    const child = (given: Schema | boolean | undefined): RuleNode | undefined =>
      typeof given === 'object' && hasRules(given) ? new RuleNode(given) : undefined;
    this.#properties = new Map(
      Object.entries(schema.properties ?? {})
        .filter(([, property]) => hasRules(property))
        .map(([name, property]) => [name, new RuleNode(property)]),
    );
    this.#values = child(schema.additionalProperties);
    this.#items = child(schema.items);
  }

  /** `settled`: nothing has changed here, nor around it. Such values keep whatever rules they break. */
  check(run: Run, value: unknown, old: unknown, path: string, settled: boolean): void {
    if (value === undefined || value === null || run.budget < 0) return;
    const unchanged = !run.strict && (settled || (old !== undefined && equal(value, old)));
    if (this.#type) this.#ask(run, this.#type, value, old, path, unchanged);
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        this.#items?.check(run, item, oldItem(this.#schema, old, item), `${path}[${index}]`, unchanged);
      }
      return;
    }
    if (!isObject(value)) return;
    for (const [name, node] of this.#properties) {
      node.check(
        run,
        value[name],
        oldField(this.#schema, old, name),
        path === '' ? name : `${path}.${name}`,
        unchanged,
      );
    }
    if (!this.#values) return;
    for (const [name, child] of Object.entries(value)) {
      this.#values.check(run, child, oldField(this.#schema, old, name), `${path}[${name}]`, unchanged);
    }
  }

  #ask(run: Run, type: CelType, value: unknown, old: unknown, path: string, unchanged: boolean): void {
    const asked = this.#rules.filter(({ transition, source }) =>
      transition ? old !== undefined || source.optionalOldSelf === true : !unchanged,
    );
    if (asked.length === 0) return;
    const self = type.value(value);
    const before = old === undefined || old === null ? undefined : type.value(old);
    const weight = count(value);
    for (const rule of asked) {
      run.budget -= weight ** Math.max(1, rule.rule.depth);
      if (run.budget < 0) {
        run.errors.push(
          field.invalid(
            path,
            this.#shown,
            'validation failed due to running out of cost budget, no further validation rules will be run',
          ),
        );
        return;
      }
      const error = ask(rule, path, this.#shown, {
        self,
        oldSelf: rule.source.optionalOldSelf ? Optional.of(before) : before,
      });
      if (error) run.errors.push(error);
    }
  }

  /** Rules are about whole values: the error says what kind of one, not which. */
  get #shown(): string {
    return this.#schema.type ?? '';
  }
}

function ask(
  { source, rule, messageExpression }: CompiledRule,
  path: string,
  shown: string,
  variables: { self: unknown; oldSelf: unknown },
): FieldError | undefined {
  try {
    if (rule.evaluate(variables) === true) return undefined;
  } catch (error) {
    return field.invalid(
      path,
      shown,
      `${(error as Error).message} evaluating rule: ${source.message?.trim() || source.rule.trim()}`,
    );
  }
  const message = composed(messageExpression, variables) ?? messageOf(source);
  const where = `${path}${source.fieldPath ? pathText(source.fieldPath, path === '') : ''}`;
  switch (source.reason) {
    case 'FieldValueRequired':
      return field.required(where, message);
    case 'FieldValueForbidden':
      return field.forbidden(where, message);
    case 'FieldValueDuplicate':
      return field.duplicate(where, shown);
    default:
      return field.invalid(where, shown, message);
  }
}

const messageOf = ({ message, rule }: ValidationRule): string => message?.trim() || `failed rule: ${rule.trim()}`;

/** What an expression says instead of the message, if it can and that is fit to be shown. */
function composed(expression: Expression | undefined, variables: Record<string, unknown>): string | undefined {
  try {
    const text = expression?.evaluate(variables);
    return typeof text === 'string' && text.trim() !== '' && !/[\r\n]/.test(text) && text.length <= 5120
      ? text.trim()
      : undefined;
  } catch {
    return undefined;
  }
}

/** ".spec['a.b']" → ".spec[a.b]" */
function pathText(path: string, root: boolean): string {
  const text = path.replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, name: string) => `[${name.replaceAll('\\', '')}]`);
  return root ? text.replace(/^\./, '') : text;
}

function count(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + count(item), 1);
  if (isObject(value)) return Object.values(value).reduce<number>((sum, item) => sum + count(item), 1);
  return 1;
}
