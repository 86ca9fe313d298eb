// Limits that are a number or a part of a whole: "25%".

/** A number as it is, a part of the total rounded up, or as `round` says. */
export function share(value: number | string, total: number, round: (value: number) => number = Math.ceil): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100);
}
