// Asked how long the imports of a process took, it says so and ends. Every variant begins with this.

/** Milliseconds from the start of user code to here: reading, compiling and running everything that is imported. */
export function reportImportTime(): void {
  if (process.env['BENCH_IMPORT_ONLY'] === undefined) return;
  process.stdout.write(`${performance.now() - performance.nodeTiming.bootstrapComplete}\n`);
  process.exit(0);
}
