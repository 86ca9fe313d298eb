// How one run is ended from outside. Most runs neither call anything nor last: the signal is made when somebody asks for it.

export class RunEnd {
  #controller: AbortController | undefined;
  #cause: { reason: unknown } | undefined;

  /** What it was aborted with. */
  get reason(): unknown {
    return this.#cause?.reason;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#cause) this.#controller.abort(this.#cause.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#cause ??= { reason };
    this.#controller?.abort(reason);
  }
}
