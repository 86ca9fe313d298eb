/** Follows what apt and dpkg print, to say how far an installation is. */
export class InstallProgress {
  readonly #report: (activity: string) => void;
  #total = 0;
  #unpacked = 0;
  #configured = 0;
  #last = '';

  constructor(report: (activity: string) => void) {
    this.#report = report;
  }

  line(line: string): void {
    const total = /(\d+) newly installed/.exec(line)?.[1];
    if (total !== undefined) {
      this.#total = Number(total);
      this.#say(`downloading ${total} packages`);
    } else if (line.startsWith('Unpacking ')) {
      this.#unpacked += 1;
      this.#say(`unpacking ${this.#of(this.#unpacked)}`);
    } else if (line.startsWith('Setting up ')) {
      this.#configured += 1;
      this.#say(`configuring ${this.#of(this.#configured)}`);
    } else if (line.startsWith('COMMIT')) {
      this.#say('storing');
    } else if (line.startsWith('I: ')) {
      // mmdebstrap's own steps.
      this.#say(line.slice('I: '.length).replace(/\.*$/, ''));
    }
  }

  /** Essential packages are set up before apt says how many there will be: no total then. */
  #of(count: number): string {
    return this.#total >= count ? `${count}/${this.#total}` : `${count}`;
  }

  #say(activity: string): void {
    if (activity === this.#last) return;
    this.#last = activity;
    this.#report(activity);
  }
}
