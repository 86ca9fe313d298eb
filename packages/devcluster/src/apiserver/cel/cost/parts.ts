// What is known of the parts of an expression, and how costs and sizes are put together.
import type { Declared, Kind } from './declared.js';

/** No bound is known. */
export const UNBOUNDED = 2 ** 64;

/** Per character that is gone through. */
export const TRAVERSAL = 0.1;

export interface Type {
  kind: Kind | 'null' | 'optional' | 'other';
  element?: Type;
}

/** What is known of a part of an expression. */
export interface Estimate {
  cost: number;
  type: Type;
  /** The least and the most of its characters, elements … */
  size: Size | undefined;
  /** Where in the schema it is from. */
  declared: Declared | undefined;
  /** Of its elements, where they are made in the expression. */
  elements: Size | undefined;
}

export interface Size {
  min: number;
  max: number;
}

const SCALARS = new Set<Type['kind']>(['bool', 'double', 'duration', 'int', 'timestamp']);
export const DYN: Type = { kind: 'dyn' };
export const BOOL: Type = { kind: 'bool' };
export const INT: Type = { kind: 'int' };
export const STRING: Type = { kind: 'string' };

/** A value that comes from no field: of one size, or of whatever size. */
export function made(cost: number, type: Type, size?: Size, elements?: Size): Estimate {
  const known = size ?? (SCALARS.has(type.kind) ? { min: 1, max: 1 } : undefined);
  return { cost: capped(cost), type, size: known, declared: undefined, elements };
}

export const capped = (value: number): number => Math.min(value, UNBOUNDED);
export const most = ({ size }: Estimate): number => size?.max ?? UNBOUNDED;
/** Of going through so many characters. */
export const traversal = (size: number, factor = TRAVERSAL): number => capped(Math.ceil(size * factor));
export const fixed = (size: number): Size => ({ min: size, max: size });
