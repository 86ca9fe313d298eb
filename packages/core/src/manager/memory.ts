// How much memory V8 may keep beyond what is in use.
import { setFlagsFromString } from 'node:v8';

/**
 * Both flags are read whenever a part of the heap is about to grow, which is why they may be set while the process runs.
 *
 * The semi-spaces stay at the one or two megabytes that the program's start left them with. By default each of them grows to
 * 16 MB as soon as much is allocated at once, a list of 10 000 objects say, and never shrinks: 25 to 45 MB of a process that is
 * to have 75. What is made in a reconcile is forgotten within milliseconds, and collecting it more often costs a few percent.
 *
 * The old generation is collected when it has grown by two fifths, not when it has doubled or more. It is mostly the cache, and
 * what is added to that are parsed answers and events that lived for a moment: after a burst of 1,000 objects a quarter of the
 * process was such garbage, for no CPU that could be measured.
 *
 * Both hold while caches are filled, too: with V8's own limits a restart took the same CPU, within what one differs from the next,
 * and up to a third more memory.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=40');
}
