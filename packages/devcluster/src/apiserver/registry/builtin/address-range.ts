/** A range of IPv4 addresses to give out: "10.96.0.0/16". The first and the last one are not. */
export class AddressRange {
  readonly cidr: string;
  readonly #base: number;
  readonly #size: number;
  /** Where the search begins: an address that was given back is not given out again at once. */
  #next = 0;

  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const prefix = Number(bits);
    if (!/^\d+$/.test(bits) || prefix < 8 || prefix > 30)
      throw new Error(`${cidr} is not a range of IPv4 addresses of 8 to 30 bits`);
    this.cidr = cidr;
    this.#size = 2 ** (32 - prefix);
    this.#base = toNumber(address) - (toNumber(address) % this.#size);
  }

  /** The first address: that of the `kubernetes` Service. */
  get first(): string {
    return toText(this.#base + 1);
  }

  has(address: string): boolean {
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return false;
    const offset = toNumber(address) - this.#base;
    return offset > 0 && offset < this.#size - 1;
  }

  /** The next free address. Throws when all are taken. */
  allocate(taken: Pick<ReadonlySet<string>, 'has'>): string {
    // The lowest ones are left to those who ask for a certain address (DNS has the tenth by convention).
    const reserved = Math.min(16, this.#size / 4);
    const common = this.#size - 2 - reserved;
    for (let step = 0; step < common; step += 1) {
      const offset = (this.#next + step) % common;
      const address = toText(this.#base + 1 + reserved + offset);
      if (taken.has(address)) continue;
      this.#next = offset + 1;
      return address;
    }
    for (let offset = 0; offset < reserved; offset += 1) {
      const address = toText(this.#base + 1 + offset);
      if (!taken.has(address)) return address;
    }
    throw new Error(`no address of ${this.cidr} is free`);
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

const toText = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
