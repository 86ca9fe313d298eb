// The logger of one run, made when it has something to write: most runs find nothing to do and say so at level debug.
import type { Logger } from '../log.js';

export class LazyLogger implements Logger {
  readonly #parent: Logger;
  readonly #fields: object;
  #made: Logger | undefined;

  /** As `parent.child(fields)`. */
  constructor(parent: Logger, fields: object) {
    this.#parent = parent;
    this.#fields = fields;
  }

  debug(fields: object, message: string): void {
    if (this.isLevelEnabled('debug')) this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    if (this.isLevelEnabled('info')) this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#logger.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#logger.error(fields, message);
  }

  child(fields: object): Logger {
    return new LazyLogger(this, fields);
  }

  isLevelEnabled(level: 'debug' | 'info' | 'warn' | 'error'): boolean {
    return this.#parent.isLevelEnabled?.(level) ?? true;
  }

  get #logger(): Logger {
    return (this.#made ??=
      this.#parent instanceof LazyLogger ? this.#parent.#logger.child(this.#fields) : this.#parent.child(this.#fields));
  }
}
