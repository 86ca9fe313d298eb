// What was logged last of keys that fail. The same error again is a line: with its stack each time it hides what is new.

export class KnownFailures {
  /** By key: the message. It goes when the key succeeds, or its object is gone, which succeeds too. */
  readonly #messages = new Map<string, string>();

  get size(): number {
    return this.#messages.size;
  }

  /** Whether this is said of the key for the first time since it succeeded last, or since it failed otherwise. */
  isNews(key: string, error: unknown): boolean {
    const message = messageOf(error);
    if (this.#messages.get(key) === message) return false;
    this.#messages.set(key, message);
    return true;
  }

  /** Whether it had failed. */
  succeeded(key: string): boolean {
    return this.#messages.delete(key);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
