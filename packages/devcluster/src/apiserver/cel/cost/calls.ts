// What calls of functions cost, and how large what they answer with may be.
import {
  BOOL,
  capped,
  DYN,
  made,
  most,
  STRING,
  traversal,
  UNBOUNDED,
  type Estimate,
  type Size,
  type Type,
} from './parts.js';

/** Per character of a pattern. */
const PATTERN = 0.25;
const NAME_PATTERN = 128;

/** Without the cost of the target and the arguments. */
export function callCost(name: string, target: Estimate | undefined, args: readonly Estimate[]): Estimate {
  const [first, second] = args;
  const size = target ? most(target) : UNBOUNDED;
  const argument = first ? most(first) : UNBOUNDED;
  const type = typeOfCall(name, target, args);
  switch (name) {
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      if (!target) break;
      return made(target.type.kind === 'list' ? capped(size * elementCost(target)) : traversal(size), type);
    case 'url':
    case 'jsonpatch.escapeKey':
      return made(traversal(argument), type, first?.size ?? unknown);
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return made(traversal(size), type, target?.size ?? unknown);
    case 'replace':
      return made(traversal(size, 0.2), type, replaced(target, first, second));
    case 'split':
      return made(traversal(size, 0.2), type, { min: 0, max: size });
    case 'join': {
      const separators = first ? argument * Math.max(0, size - 1) : 0;
      const joined = capped(size * elementSize(target) + separators);
      return made(traversal(joined), type, { min: 0, max: joined });
    }
    case 'find':
    case 'findAll':
      return made(capped(traversal(size + 1) * traversal(argument, PATTERN)), type, { min: 0, max: size });
    case 'matches':
      return target ? made(capped(traversal(size + 1) * traversal(argument, PATTERN)), type) : made(1, type);
    case 'contains':
      return target?.type.kind === 'string' ? made(capped(traversal(size) * traversal(argument)), type) : made(1, type);
    case 'startsWith':
    case 'endsWith':
      return made(traversal(argument), type);
    case 'format':
      return made(traversal(size), type);
    case 'validate':
      return made(capped(Math.ceil(traversal(argument) * NAME_PATTERN * PATTERN)), type);
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'ip':
    case 'quantity':
    case 'isQuantity':
      return target ? made(1, type) : made(traversal(argument), type);
    case 'ip.isCanonical':
      return made(traversal(argument, 0.2), type);
    case 'containsIP':
      return made(4 + (first?.type.kind === 'string' ? traversal(argument) : 0), type);
    case 'containsCIDR':
      return made(4 + 2 + 1 + (first?.type.kind === 'string' ? traversal(argument) : 0), type);
    case 'sets.contains':
    case 'sets.intersects':
      return made(capped(argument * (second ? most(second) : UNBOUNDED) + 1), type);
    case 'sets.equivalent':
      return made(capped(2 * argument * (second ? most(second) : UNBOUNDED) + 1), type);
    case 'bytes':
      return converted(first, 'string', type, 4);
    case 'string':
      return converted(first, 'bytes', type, 1);
    default:
  }
  return made(1, type);
}

/** What is converted is gone through, if it may be of that kind; only then is it known how large the result is. */
function converted(from: Estimate | undefined, kind: Type['kind'], type: Type, factor: number): Estimate {
  if (!from || (from.type.kind !== kind && from.type.kind !== 'dyn')) return made(1, type);
  return made(Math.max(1, traversal(most(from))), type, { min: 0, max: capped(most(from) * factor) });
}

const unknown: Size = { min: 0, max: UNBOUNDED };

const elementSize = (list: Estimate | undefined): number =>
  list?.declared?.element ? list.declared.element.max : UNBOUNDED;

/** Of comparing with one more element. */
const elementCost = (list: Estimate): number =>
  ['string', 'bytes'].includes(list.type.element?.kind ?? '') ? capped(1 + traversal(elementSize(list))) : 1;

/** The longest that a text can become. */
function replaced(target: Estimate | undefined, from: Estimate | undefined, to: Estimate | undefined): Size {
  const size = target ? most(target) : UNBOUNDED;
  const shortest = from?.size?.min ?? 0;
  const longest = to ? most(to) : UNBOUNDED;
  if (shortest === 0) return { min: 0, max: capped((size + 1) * longest + size) };
  if (longest <= shortest) return { min: 0, max: size };
  return { min: 0, max: capped(Math.ceil(size / shortest) * longest) };
}

const OTHER: Type = { kind: 'other' };
const TEXTS = new Set(
  'lowerAscii upperAscii substring trim replace join find string format charAt reverse getScheme getHost getHostname getPort getEscapedPath jsonpatch.escapeKey strings.quote'.split(
    ' ',
  ),
);
const INTEGERS = new Set(
  'size int indexOf lastIndexOf getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds compareTo sign asInteger prefixLength family'.split(
    ' ',
  ),
);
const QUESTIONS = /^(is[A-Z]|has|contains|startsWith|endsWith|matches|sets\.|ip\.is)/;

function typeOfCall(name: string, target: Estimate | undefined, args: readonly Estimate[]): Type {
  const [first] = args;
  if (TEXTS.has(name)) return STRING;
  if (INTEGERS.has(name)) return { kind: 'int' };
  if (QUESTIONS.test(name)) return BOOL;
  switch (name) {
    case 'double':
    case 'duration':
    case 'timestamp':
    case 'bytes':
      return { kind: name };
    case 'split':
    case 'findAll':
      return { kind: 'list', element: STRING };
    case 'sum':
    case 'max':
    case 'min':
    case 'value':
    case 'orValue':
      return target?.type.element ?? DYN;
    case 'optional.of':
    case 'optional.ofNonZeroValue':
      return { kind: 'optional', element: first?.type ?? DYN };
    case 'or':
      return target?.type ?? DYN;
    default:
      return OTHER;
  }
}
