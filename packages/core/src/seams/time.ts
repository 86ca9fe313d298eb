// The two timestamp formats of the API, from a clock's milliseconds.

/** metav1.Time: "2025-04-02T10:00:00Z". */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: exactly six fraction digits, or Leases and Events are refused. */
export function microTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}
