// The two time formats of the API. Both are UTC.

/** metav1.Time, to the second: "2025-04-01T10:00:00Z". */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime, of Leases and Events: exactly six fraction digits, or the server answers 400. */
export function formatMicroTime(milliseconds: number): string {
  // Milliseconds may have a fraction, where a clock has one.
  const micros = Math.floor((milliseconds - Math.floor(milliseconds)) * 1000);
  return `${new Date(Math.floor(milliseconds)).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** Milliseconds since the epoch, of either format. Throws a TypeError. */
export function parseTime(text: string): number {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new TypeError(`"${text}" is not a time`);
  return milliseconds;
}
