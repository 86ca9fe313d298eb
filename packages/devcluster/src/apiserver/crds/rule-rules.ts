// What the rules of a schema must be like for a CRD to be accepted.
import { declared, MAX_REQUEST, type Declared } from '../cel/cost/declared.js';
import { estimateCost } from '../cel/cost/estimate.js';
import { ExpressionError, type Expression } from '../cel/expression.js';
import { field, type FieldError } from '../errors.js';
import { fieldSchema, type Schema, type ValidationRule } from '../schema/schema.js';
import type { RuleCosts } from './rule-costs.js';
import { ruleCompiler } from './rules.js';

export interface RuleScope {
  root: boolean;
  /** The path of the list or map around it whose elements have no identity over time. */
  uncorrelated: string | undefined;
  /** How many values of this schema an object may have at the most; undefined without a limit. */
  times: number | undefined;
  /** Of all rules of the definition. Undefined where costs do not matter. */
  costs: RuleCosts | undefined;
}

export function validateRules(schema: Schema, path: string, scope: RuleScope): FieldError[] {
  const { root, uncorrelated } = scope;
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return [];
  const at = (index: number): string => `${path}.x-kubernetes-validations[${index}]`;
  const errors = rules.flatMap((rule, index) => validateForm(schema, rule, at(index)));
  if (errors.length > 0) return errors;
  let compiler: ReturnType<typeof ruleCompiler>;
  try {
    compiler = ruleCompiler(schema, root);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [
      { type: 'InternalError', field: `${path}.x-kubernetes-validations`, message: `Internal error: ${NO_TYPE}` },
    ];
  }
  const type = declared(schema, root);
  for (const [index, rule] of rules.entries()) {
    try {
      const { transition, rule: expression } = compiler.compile({ ...rule, messageExpression: '' });
      if (type) errors.push(...ruleCost(expression, type, `${at(index)}.rule`, scope));
      if (transition && uncorrelated !== undefined && !rule.optionalOldSelf) {
        errors.push(
          field.invalid(
            `${at(index)}.rule`,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`,
          ),
        );
      }
      if (!transition && rule.optionalOldSelf !== undefined) {
        errors.push(
          field.invalid(
            `${at(index)}.optionalOldSelf`,
            rule.optionalOldSelf,
            'may not be set if oldSelf is not used in rule',
          ),
        );
      }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      errors.push(invalidRule(`${at(index)}.rule`, rule, error.message));
      continue;
    }
    try {
      const { messageExpression } = compiler.compile(rule);
      if (type && messageExpression) {
        const place = `${at(index)}.messageExpression`;
        errors.push(...messageCost(messageExpression, type, place, scope));
      }
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      errors.push(
        invalidRule(
          `${at(index)}.messageExpression`,
          rule,
          error.message.replace(/^compilation failed/, 'messageExpression compilation failed'),
        ),
      );
    }
  }
  return errors;
}

const NO_TYPE =
  'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';

function ruleCost({ ast }: Expression, type: Declared, path: string, { times, costs }: RuleScope): FieldError[] {
  const once = estimateCost(ast, type);
  // Without a limit on what is around it: as many as fit into a request.
  const often = times ?? Math.floor(MAX_REQUEST / (type.minText + 1));
  return costs?.observe(path, once * often, 'estimated rule cost') ?? [];
}

const messageCost = ({ ast }: Expression, type: Declared, path: string, { costs }: RuleScope): FieldError[] =>
  costs?.observe(path, estimateCost(ast, type), 'estimated messageExpression cost') ?? [];

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

function validateForm(schema: Schema, rule: ValidationRule, path: string): FieldError[] {
  const { message, messageExpression, reason, fieldPath } = rule;
  const errors: FieldError[] = [];
  if (!rule.rule?.trim()) errors.push(field.required(`${path}.rule`, 'rule is not specified'));
  if (message !== undefined && message !== '' && message.trim() === '')
    errors.push(field.invalid(`${path}.message`, message, 'message must be non-empty if specified'));
  else if (/[\r\n]/.test(message?.trim() ?? ''))
    errors.push(field.invalid(`${path}.message`, message, 'message must not contain line breaks'));
  else if (/[\r\n]/.test(rule.rule?.trim() ?? '') && !message)
    errors.push(field.required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression !== undefined && messageExpression !== '' && messageExpression.trim() === '')
    errors.push(field.required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(field.notSupported(`${path}.reason`, reason, REASONS));
  const problem = fieldPath === undefined ? undefined : fieldPathProblem(schema, fieldPath);
  if (problem !== undefined) errors.push(field.invalid(`${path}.fieldPath`, fieldPath, problem));
  return errors;
}

/** A path goes by the names of fields; elements of lists have none. */
function fieldPathProblem(schema: Schema, path: string): string | undefined {
  if (path.trim() === '') return 'fieldPath must be non-empty if specified';
  if (/[\r\n]/.test(path)) return 'fieldPath must not contain line breaks';
  let current: Schema | undefined = schema;
  let rest = path;
  while (rest !== '') {
    const step = /^(?:\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)+)'\])/.exec(rest);
    if (!step) return 'fieldPath must be a valid path: does not refer to a valid field';
    current = fieldSchema(current, step[1] ?? (step[2] as string).replaceAll('\\', ''));
    if (!current) return 'fieldPath must be a valid path: does not refer to a valid field';
    rest = rest.slice(step[0].length);
  }
  return undefined;
}

/** The whole rule is shown, as Go prints it. */
function invalidRule(path: string, rule: ValidationRule, detail: string): FieldError {
  const { reason, optionalOldSelf } = rule;
  const text = (value: string | undefined): string => JSON.stringify(value ?? '');
  const shown =
    `apiextensions.ValidationRule{Rule:${text(rule.rule)}, Message:${text(rule.message)}, ` +
    `MessageExpression:${text(rule.messageExpression)}, Reason:${reason === undefined ? '(*apiextensions.FieldValueErrorReason)(nil)' : `"${reason}"`}, ` +
    `FieldPath:${text(rule.fieldPath)}, OptionalOldSelf:${optionalOldSelf === undefined ? '(*bool)(nil)' : String(optionalOldSelf)}}`;
  return { type: 'FieldValueInvalid', field: path, message: `Invalid value: ${shown}: ${detail}` };
}
