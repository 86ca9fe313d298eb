// The life of a process that has no purpose without the bench.

/** Ends when the bench does, and not by the signals that a terminal sends to both: cleaning up needs the server. */
export function endWithBench(): void {
  process.on('disconnect', () => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
}
