// How far a copy has come, in the resourceVersions of the server.

export class Position {
  #seen: string | undefined;
  #lost = false;

  /** Everything up to this version is in the copy. */
  reached(version: string): void {
    this.#seen = version;
    this.#lost = false;
  }

  /**
   * The server does not know this version: any more, or, when it was restored from a backup, yet. Only its newest state will do
   * then. False when that was asked for already, and refused all the same.
   */
  lost(): boolean {
    if (this.#lost) return false;
    this.#lost = true;
    return true;
  }

  /** From where a watch goes on. "": from the server's newest state. */
  get ofWatch(): string {
    return this.#lost ? '' : (this.#seen ?? '');
  }

  /** What a list must not be older than. "0": it may be whatever the server has at hand; "": it must be the newest. */
  get ofList(): string {
    return this.#lost ? '' : (this.#seen ?? '0');
  }
}
