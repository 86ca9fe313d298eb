// What evaluating an expression may cost at the most, in the units of CEL: by the sizes that a schema allows, as real
// servers estimate it when a definition is made.
import type { ASTNode } from '@marcbachmann/cel-js';
import { refusal } from '../expression.js';
import { callCost } from './calls.js';
import type { Declared } from './declared.js';
import {
  BOOL,
  capped,
  DYN,
  fixed,
  INT,
  made,
  most,
  STRING,
  traversal,
  UNBOUNDED,
  type Estimate,
  type Size,
  type Type,
} from './parts.js';

/** Fields are not indexed: what the evaluator's own check lets pass. */
const NO_INDEX = "found no matching overload for '_[_]' applied to '(object, string)'";

const CREATE_LIST = 10;
const CREATE_MAP = 30;
type Variables = ReadonlyMap<string, Estimate>;

/** `root`: what `self` and `oldSelf` are. Throws an ExpressionError for what only types can tell to be wrong. */
export function estimateCost(ast: ASTNode, root: Declared): number {
  const self: Estimate = { cost: 1, ...at(root) };
  const variables = new Map([
    ['self', self],
    ['oldSelf', self],
  ]);
  return new Estimator(root).of(ast, variables).cost;
}

/** A value of the schema. */
function at(declared: Declared): Omit<Estimate, 'cost'> {
  return { type: typeOf(declared), size: { min: 0, max: declared.max }, declared, elements: undefined };
}

const typeOf = ({ kind, element }: Declared): Type => ({ kind, ...(element ? { element: typeOf(element) } : {}) });

class Estimator {
  readonly #root: Declared;

  constructor(root: Declared) {
    this.#root = root;
  }

  of(node: ASTNode, variables: Variables): Estimate {
    const each = (nodes: readonly ASTNode[]): Estimate[] => nodes.map((part) => this.of(part, variables));
    switch (node.op) {
      case 'value':
        return literal(node.args);
      case 'id':
        return { ...(variables.get(node.args) ?? { ...this.#lost(), type: DYN }), cost: 1 };
      case '.':
        return this.#field(this.of(node.args[0], variables), node.args[1]);
      case '.?': {
        const operand = this.of(node.args[0], variables);
        if (operand.declared?.fields && !fieldOf(operand, node.args[1]))
          throw refusal(node.input, { start: node.args[0].end, text: `undefined field '${node.args[1]}'` });
        return made(operand.cost + 1, { kind: 'optional', element: fieldOf(operand, node.args[1])?.type ?? DYN });
      }
      case '[]': {
        const operand = this.of(node.args[0], variables);
        if (operand.type.kind === 'object') throw refusal(node.input, { start: node.args[0].end, text: NO_INDEX });
        return this.#index(operand, this.of(node.args[1], variables));
      }
      case '[?]': {
        const [operand, index] = [this.of(node.args[0], variables), this.of(node.args[1], variables)];
        return made(operand.cost + index.cost + 1, { kind: 'optional', element: operand.type.element ?? DYN });
      }
      case 'list': {
        const items = each(node.args);
        const type: Type = { kind: 'list', element: items[0]?.type ?? DYN };
        return made(sum(items) + CREATE_LIST, type, fixed(items.length), union(items));
      }
      case 'map': {
        const values = node.args.map(([, value]) => this.of(value, variables));
        const keys = node.args.map(([key]) => this.of(key, variables));
        const type: Type = { kind: 'map', element: values[0]?.type ?? DYN };
        return made(sum(keys) + sum(values) + CREATE_MAP, type, fixed(values.length), union(keys));
      }
      case '?:': {
        const [condition, ...branches] = each(node.args) as [Estimate, Estimate, Estimate];
        const [yes, no] = branches;
        const size = { min: Math.min(yes.size?.min ?? 0, no.size?.min ?? 0), max: Math.max(most(yes), most(no)) };
        const elements = yes.elements && no.elements ? union([asItem(yes.elements), asItem(no.elements)]) : undefined;
        return made(condition.cost + Math.max(yes.cost, no.cost), yes.type, size, elements);
      }
      case '&&':
      case '||':
        return made(sum(each(node.args)), BOOL);
      case '!_':
      case '-_': {
        const operand = this.of(node.args, variables);
        return made(operand.cost + 1, operand.type);
      }
      case 'call':
        return this.#call(node.args[0], node.args[1], variables);
      case 'rcall':
        return this.#member(node.args[0], node.args[1], node.args[2], variables);
      default:
        return binary(node.op, this.of(node.args[0], variables), this.of(node.args[1], variables));
    }
  }

  #field(operand: Estimate, name: string): Estimate {
    const step = ['map', 'object'].includes(operand.type.kind) ? 1 : 0;
    const found = fieldOf(operand, name);
    const type = found?.type ?? operand.type.element ?? DYN;
    const otherwise = operand.declared ? { size: undefined, declared: undefined, elements: undefined } : this.#lost();
    return { ...otherwise, ...found, type, cost: operand.cost + step };
  }

  #index(operand: Estimate, index: Estimate): Estimate {
    const cost = capped(operand.cost + index.cost + 1);
    const { element } = operand.declared ?? {};
    if (operand.elements) return { ...made(cost, operand.type.element ?? DYN, operand.elements) };
    return element ? { cost, ...at(element) } : made(cost, operand.type.element ?? DYN);
  }

  #call(name: string, args: readonly ASTNode[], variables: Variables): Estimate {
    if (name === 'has') {
      const [field] = args;
      // Of a presence only what leads to it counts.
      return made(field?.op === '.' ? this.of(field.args[0], variables).cost : 0, BOOL);
    }
    const given = args.map((arg) => this.of(arg, variables));
    if (name === 'dyn' && given[0]) return { ...given[0], type: DYN, cost: given[0].cost + 1 };
    return plus(callCost(name, undefined, given), sum(given));
  }

  #member(name: string, target: ASTNode, args: readonly ASTNode[], variables: Variables): Estimate {
    if (target.op === 'id' && !variables.has(target.args)) return this.#call(`${target.args}.${name}`, args, variables);
    const operand = this.of(target, variables);
    const loop = LOOPS.has(name) && args[0]?.op === 'id' ? this.#loop(name, operand, args, variables) : undefined;
    if (loop) return loop;
    const given = args.map((arg) => this.of(arg, variables));
    return plus(callCost(name, operand, given), operand.cost + sum(given));
  }

  /** What macros of loops become: a condition, a step and a result, around what is collected. */
  #loop(name: string, range: Estimate, args: readonly ASTNode[], variables: Variables): Estimate | undefined {
    const [variable, first, second] = args;
    if (variable?.op !== 'id' || !first) return undefined;
    const item = this.#item(range);
    const inner = new Map(variables).set(variable.args, item);
    const [one, two] = [this.of(first, inner), second ? this.of(second, inner) : undefined];
    const times = (step: number): number => range.cost + most(range) * step;
    const append = 2 + CREATE_LIST;
    switch (name) {
      case 'all':
        return made(times(2 + 1 + one.cost) + 1, BOOL);
      case 'exists':
        return made(times(3 + 1 + one.cost) + 1, BOOL);
      case 'exists_one':
        return made(times(one.cost + 2) + 2, BOOL, fixed(1));
      case 'filter': {
        const cost = times(one.cost + append + 1) + CREATE_LIST + 1;
        return made(cost, { kind: 'list', element: item.type }, range.size ?? { min: 0, max: UNBOUNDED }, sizeOf(item));
      }
      default: {
        const step = two ? one.cost + append + two.cost : append + one.cost;
        const element = two ?? one;
        const cost = times(step) + CREATE_LIST + 1;
        const size = range.size ?? { min: 0, max: UNBOUNDED };
        return made(cost, { kind: 'list', element: element.type }, size, sizeOf(element));
      }
    }
  }

  /** What is from no field is taken for what the rule is about. */
  #lost(): Omit<Estimate, 'cost'> {
    return at(this.#root);
  }

  #item({ declared, type }: Estimate): Estimate {
    const isMap = type.kind === 'map';
    if (declared?.element && !isMap) return { cost: 1, ...at(declared.element) };
    // The keys of a map have no bound of their own, and count as nothing.
    if (declared && isMap) return made(1, STRING, fixed(0));
    const of = isMap ? STRING : (type.element ?? DYN);
    return { ...this.#lost(), cost: 1, type: of };
  }
}

const LOOPS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

const sum = (parts: readonly Estimate[]): number => parts.reduce((total, { cost }) => capped(total + cost), 0);
const plus = (estimate: Estimate, cost: number): Estimate => ({ ...estimate, cost: capped(estimate.cost + cost) });
const sizeOf = (estimate: Estimate): Size => estimate.size ?? { min: 0, max: UNBOUNDED };
const asItem = (size: Size): Estimate => made(0, DYN, size);

function union(items: readonly Estimate[]): Size {
  const sizes = items.map(sizeOf);
  return {
    min: Math.min(...sizes.map(({ min }) => min), items.length === 0 ? 0 : UNBOUNDED),
    max: Math.max(0, ...sizes.map(({ max }) => max)),
  };
}

function fieldOf({ declared }: Estimate, name: string): Omit<Estimate, 'cost'> | undefined {
  const found = declared?.fields?.get(name);
  return found && at(found);
}

function literal(value: unknown): Estimate {
  if (typeof value === 'string') return made(0, STRING, fixed([...value].length));
  if (value instanceof Uint8Array) return made(0, { kind: 'bytes' }, fixed(value.length));
  if (typeof value === 'boolean') return made(0, BOOL);
  if (value === null) return made(0, { kind: 'null' }, fixed(1));
  return made(0, typeof value === 'number' ? { kind: 'double' } : INT);
}

const TEXTS = new Set<Type['kind']>(['bytes', 'string', 'dyn']);

function binary(op: string, left: Estimate, right: Estimate): Estimate {
  const args = left.cost + right.cost;
  const isDyn = left.type.kind === 'dyn' || right.type.kind === 'dyn';
  switch (op) {
    case '==':
    case '!=':
      return made(args + traversal(Math.min(most(left), most(right))), BOOL);
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if (!TEXTS.has(left.type.kind) || !TEXTS.has(right.type.kind)) return made(args + 1, BOOL);
      return made(args + Math.max(isDyn ? 1 : 0, traversal(Math.min(most(left), most(right)))), BOOL);
    }
    case 'in':
      return made(args + (right.type.kind === 'list' ? most(right) : 1), BOOL);
    case '+': {
      const size = { min: (left.size?.min ?? 0) + (right.size?.min ?? 0), max: capped(most(left) + most(right)) };
      if (left.type.kind === 'list') {
        const elements =
          left.elements && right.elements ? union([asItem(left.elements), asItem(right.elements)]) : undefined;
        return made(args + 1, left.type, size, elements);
      }
      if (TEXTS.has(left.type.kind)) return made(args + traversal(size.max), left.type, size);
      return made(args + 1, left.type);
    }
    default:
      return made(args + 1, left.type);
  }
}
