// A binary heap whose items know their place, so that one can be moved or removed in O(log n).

export interface HeapItem {
  /** Kept by the heap; -1 outside of it. */
  heapIndex: number;
}

export class Heap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  readonly #before: (a: Item, b: Item) => boolean;

  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#place(item, this.#items.length);
    this.#up(item);
  }

  pop(): Item | undefined {
    const first = this.#items[0];
    if (first) this.remove(first);
    return first;
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (!last || last === item) return;
    this.#place(last, index);
    this.update(last);
  }

  /** To be called after what orders `item` has changed. */
  update(item: Item): void {
    this.#up(item);
    this.#down(item);
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1;
    this.#items.length = 0;
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #up(item: Item): void {
    while (item.heapIndex > 0) {
      const hole = item.heapIndex;
      const parent = this.#items[(hole - 1) >> 1];
      if (!parent || !this.#before(item, parent)) return;
      this.#place(item, parent.heapIndex);
      this.#place(parent, hole);
    }
  }

  #down(item: Item): void {
    for (;;) {
      const hole = item.heapIndex;
      const left = this.#items[2 * hole + 1];
      const right = this.#items[2 * hole + 2];
      const child = right && left && this.#before(right, left) ? right : left;
      if (!child || !this.#before(child, item)) return;
      this.#place(item, child.heapIndex);
      this.#place(child, hole);
    }
  }
}
