// How the tables of Go's types are written.

/**
 * By package and type, the fields: "name:number", followed by "?" where an empty value is left out (`omitempty`) and by
 * "*" where it is a pointer, whose value counts even when it is zero. "=:number:Type" is a struct of the same package
 * whose fields JSON has in place of it.
 */
export type GoTypes = Readonly<Record<string, Readonly<Record<string, string>>>>;
