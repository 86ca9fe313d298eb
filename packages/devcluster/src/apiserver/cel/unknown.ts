// What the evaluator knows and a real server does not, or looks at later than a real server does.
import type { ASTNode } from '@marcbachmann/cel-js';

export interface Complaint {
  /** Where in the source. */
  start: number;
  text: string;
}

/** Namespaces and methods of the evaluator's own. */
const NAMESPACES = new Set(['base64', 'cel']);
const METHODS = new Set(['at', 'base64', 'hex', 'json', 'reverse', 'string']);
const INT64 = 2n ** 63n;

/** The first thing that a real server has against an expression that is well formed. */
export function complaintAbout(node: ASTNode): Complaint | undefined {
  const own = complaintAt(node);
  if (own) return own;
  for (const child of childrenOf(node.args)) {
    const found = complaintAbout(child);
    if (found) return found;
  }
  return undefined;
}

function complaintAt(node: ASTNode): Complaint | undefined {
  const { start } = node;
  if (node.op === 'value' && typeof node.args === 'bigint' && node.args >= INT64)
    return { start, text: 'Syntax error: invalid int literal' };
  if (node.op === 'call' && node.args[0] === 'has' && !['.', '.?'].includes(node.args[1][0]?.op ?? ''))
    return { start: node.args[1][0]?.start ?? start, text: 'invalid argument to has() macro' };
  if (node.op !== 'rcall') return undefined;
  const [name, target, args] = node.args;
  if (target.op === 'id' && NAMESPACES.has(target.args))
    return { start, text: `undeclared reference to '${target.args}' (in container '')` };
  if (METHODS.has(name) && args.length === 0)
    return { start: target.end, text: `found no matching overload for '${name}' applied to 'string.()'` };
  const [pattern] = args;
  if (name === 'matches' && pattern?.op === 'value' && typeof pattern.args === 'string' && !isPattern(pattern.args))
    return { start: pattern.start, text: 'invalid matches argument' };
  return undefined;
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text.replace(/^\(\?[imsU]+\)/, ''), 'u');
    return true;
  } catch {
    // What only the other dialect knows shows when it is evaluated; a group that does not end is one in neither.
    return !/Unterminated|Unmatched|Nothing to repeat|Lone quantifier/.test(problemOf(text));
  }
}

function problemOf(text: string): string {
  try {
    new RegExp(text);
    return '';
  } catch (error) {
    return String(error);
  }
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
