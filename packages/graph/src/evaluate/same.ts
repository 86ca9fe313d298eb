// Equality of JSON values, for what is compared at every event and every reconcile: nothing is copied, sorted or written out.

/** Whatever the order of fields; a field that is undefined is no field. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => isSame(item, other[index]));
  }
  const fields = one as Readonly<Record<string, unknown>>;
  const others = other as Readonly<Record<string, unknown>>;
  for (const name in fields) if (!isSame(fields[name], others[name])) return false;
  for (const name in others) if (others[name] !== undefined && fields[name] === undefined) return false;
  return true;
}
