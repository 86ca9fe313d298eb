// The part of kubectl's JSONPath that CRDs use: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
// `.metadata.labels['a/b']`, `.items[0]`, `.items[*].name`.
import { isObject } from './json.js';

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'all' }
  | { kind: 'filter'; path: readonly Step[]; operator: string; value: unknown };

export type JsonPath = (value: unknown) => unknown[];

/** Throws a SyntaxError for what it cannot read. */
export function parseJsonPath(text: string): JsonPath {
  let path = text.trim();
  if (path.startsWith('{') && path.endsWith('}')) path = path.slice(1, -1);
  if (path.startsWith('$')) path = path.slice(1);
  const steps = parse(path);
  return (value) => evaluate(steps, value);
}

function parse(text: string): Step[] {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '' && rest !== '.') {
    let match: RegExpExecArray | null;
    if (
      (match =
        /^\.?\[\?\(\s*@((?:[^=!<>()]|\[[^\]]*\])*?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+)\s*)?\)\]/.exec(
          rest,
        ))
    ) {
      steps.push({
        kind: 'filter',
        path: parse(match[1] as string),
        operator: match[2] ?? 'exists',
        value: literal(match[3]),
      });
    } else if ((match = /^\.?\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/.exec(rest))) {
      steps.push({ kind: 'field', name: match[1] ?? match[2] ?? '' });
    } else if ((match = /^\.?\[\s*(-?\d+)\s*\]/.exec(rest))) {
      steps.push({ kind: 'index', index: Number(match[1]) });
    } else if ((match = /^(?:\.?\[\s*\*\s*\]|\.\*)/.exec(rest))) {
      steps.push({ kind: 'all' });
    } else if ((match = /^\.?((?:\\.|[^.[\\\s])+)/.exec(rest))) {
      steps.push({ kind: 'field', name: (match[1] as string).replace(/\\(.)/g, '$1') });
    } else {
      throw new SyntaxError(`cannot read the JSON path "${text}" at "${rest}"`);
    }
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function literal(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (/^(".*"|'.*')$/s.test(text)) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function evaluate(steps: readonly Step[], value: unknown): unknown[] {
  let current: unknown[] = [value];
  for (const step of steps) current = current.flatMap((item) => take(step, item));
  return current.filter((item) => item !== undefined && item !== null);
}

function take(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index':
      return Array.isArray(value) ? [value.at(step.index) as unknown] : [];
    case 'all':
      return Array.isArray(value) ? (value as unknown[]) : isObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : [];
  }
}

function passes(step: Step & { kind: 'filter' }, item: unknown): boolean {
  const [left] = evaluate(step.path, item);
  const right = step.value;
  switch (step.operator) {
    case 'exists':
      return left !== undefined;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    default: {
      if (typeof left !== typeof right || left === undefined) return false;
      const order = (left as number) < (right as number) ? -1 : left === right ? 0 : 1;
      return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[step.operator] ?? false;
    }
  }
}
