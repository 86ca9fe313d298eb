// One expression: compiled once, with the errors of a real server, and evaluated many times.
import {
  EvaluationError,
  ParseError,
  TypeError as CelTypeError,
  type ASTNode,
  type Environment,
} from '@marcbachmann/cel-js';
import { CHECKED_HAS, MATCHES } from './environment.js';
import { complaintAbout, type Complaint } from './unknown.js';

export interface Expression {
  readonly source: string;
  readonly ast: ASTNode;
  /** The variables that it names. */
  readonly names: ReadonlySet<string>;
  /** How deep its comprehensions (`all`, `map` …) are nested. */
  readonly depth: number;
  /** Throws an ExpressionError. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** What does not compile, or fails when it is evaluated. The message is a real server's, as near as that is known. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** Throws an ExpressionError unless it compiles, to a value of the type. */
export function compileExpression(
  environment: Environment,
  source: string,
  type: 'bool' | 'string' | 'any',
): Expression {
  try {
    const { ast } = environment.parse(source);
    const found = survey(ast);
    const complaint = complaintAbout(ast);
    if (complaint) throw refusal(source, complaint);
    const checked = environment.parse(rewrite(source, [...found.matches, ...found.has])).check();
    if (checked.error) throw checked.error;
    // What the checker knows nothing of shows when it is evaluated.
    if (type !== 'any' && checked.type !== type && !checked.type?.startsWith('dyn')) {
      throw new ExpressionError(`cel expression must evaluate to a ${type}`);
    }
    const run = environment.parse(rewrite(source, found.matches));
    return {
      source,
      ast,
      names: found.names,
      depth: found.depth,
      evaluate(variables) {
        try {
          return run(variables) as unknown;
        } catch (error) {
          throw new ExpressionError(runtimeMessage(error));
        }
      },
    };
  } catch (error) {
    if (error instanceof ExpressionError) throw error;
    throw new ExpressionError(`compilation failed: ${compilationMessage(source, error)}`);
  }
}

interface Edit {
  position: number;
  /** As long as the text that it replaces, so that errors still point at the right place. */
  text: string;
}

interface Findings {
  names: Set<string>;
  has: Edit[];
  matches: Edit[];
  depth: number;
}

const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

function survey(root: ASTNode): Findings {
  const findings: Findings = { names: new Set(), has: [], matches: [], depth: 0 };
  const visit = (value: unknown, depth: number): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, depth);
    if (!isNode(value)) return;
    findings.depth = Math.max(findings.depth, depth);
    if (value.op === 'id') findings.names.add(value.args);
    if (value.op === 'call' && value.args[0] === 'has') findings.has.push({ position: value.start, text: CHECKED_HAS });
    if (value.op === 'call' && value.args[0] === 'matches')
      findings.matches.push({ position: value.start, text: MATCHES });
    if (value.op === 'rcall') {
      const [name, receiver, rest] = value.args;
      if (name === 'matches') {
        const position = value.input.indexOf(name, receiver.end);
        if (position >= 0) findings.matches.push({ position, text: MATCHES });
      }
      visit(receiver, depth);
      visit(rest, COMPREHENSIONS.has(name) ? depth + 1 : depth);
      return;
    }
    visit(value.args, depth);
  };
  visit(root, 0);
  return findings;
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

function rewrite(source: string, edits: readonly Edit[]): string {
  let text = source;
  for (const edit of edits)
    text = text.slice(0, edit.position) + edit.text + text.slice(edit.position + edit.text.length);
  return text;
}

function compilationMessage(source: string, error: unknown): string {
  if (!(error instanceof ParseError || error instanceof CelTypeError))
    return error instanceof Error ? error.message : String(error);
  return pointedAt(source, error.range?.start ?? 0, said(error));
}

/** An expression that a real server does not compile. */
export const refusal = (source: string, { start, text }: Complaint): ExpressionError =>
  new ExpressionError(`compilation failed: ${pointedAt(source, start, text)}`);

function pointedAt(source: string, position: number, text: string): string {
  const start = Math.min(position, source.length);
  const before = source.slice(0, start).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = source.split('\n')[before.length - 1] ?? '';
  return `ERROR: <input>:${before.length}:${column + 1}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

function said(error: ParseError | CelTypeError): string {
  const summary = error.summary.replaceAll(`${CHECKED_HAS}(`, 'has(').replaceAll(MATCHES, 'matches');
  if (error instanceof ParseError) return `Syntax error: ${summary}`;
  switch (error.code) {
    case 'no_such_key':
      return summary.replace(/^No such key: (.*)$/s, `undefined field '$1'`);
    case 'unknown_variable':
      return summary.replace(/^Unknown variable: (.*)$/s, `undeclared reference to '$1' (in container '')`);
    case 'no_such_overload':
      return summary
        .replace(/^no such overload: (\S+) (\S+) (\S+)$/, `found no matching overload for '_$2_' applied to '($1, $3)'`)
        .replace(/^no such overload: ([-!])(\S+)$/, `found no matching overload for '$1_' applied to '($2)'`);
    default:
      return summary;
  }
}

function runtimeMessage(error: unknown): string {
  const text =
    error instanceof EvaluationError ? error.summary : error instanceof Error ? error.message : String(error);
  return text.replace(/^No such/, 'no such');
}
