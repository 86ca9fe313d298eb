import { performance } from 'node:perf_hooks';
import type { BuildEvent } from './build.js';
import { describeChange, type PackageChange } from './record.js';

export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ProgressDisplay {
  event(event: BuildEvent): void;
  /** Leaves the last state on the screen. */
  close(): void;
}

/** A line per image that changes in place on a terminal; a line per change elsewhere. */
export const createProgress = (terminal: Terminal): ProgressDisplay =>
  terminal.isTTY === true ? liveLines(terminal) : plainLines(terminal);

/** What a rebuild has changed, a line each. */
const details = (event: BuildEvent): string =>
  changesOf(event)
    .map((change) => `  ${describeChange(change)}\n`)
    .join('');

const changesOf = (event: BuildEvent): readonly PackageChange[] =>
  event.state === 'done' ? (event.changes ?? []) : [];

/** `image keystone:2025.1: building…`, `… done 23.1 s`, `… cached`. */
export function plainLines(terminal: Terminal): ProgressDisplay {
  return {
    event(event) {
      if (event.state === 'waiting' || (event.state === 'building' && event.activity !== undefined)) return;
      terminal.write(`image ${event.image}: ${describe(event)}\n`);
      terminal.write(details(event));
    },
    close: () => undefined,
  };
}

const REDRAW_MS = 200;

export function liveLines(terminal: Terminal, now: () => number = () => performance.now()): ProgressDisplay {
  const rows = new Map<string, { event: BuildEvent; since: number }>();
  let drawn = 0;
  const draw = (): void => {
    const width = terminal.columns ?? 80;
    const lines = [...rows].map(([image, { event, since }]) => {
      const seconds = event.state === 'building' ? ` ${Math.floor((now() - since) / 1000)} s` : '';
      return `${mark(event)} ${image.padEnd(24)} ${describe(event)}${seconds}`.slice(0, width - 1);
    });
    // Up to the first line of the last drawing, then clear to the end of the screen.
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    terminal.write(`${up}\x1b[J${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    event(event) {
      const row = rows.get(event.image);
      const started = event.state === 'building' && row?.event.state !== 'building';
      rows.set(event.image, { event, since: row === undefined || started ? now() : row.since });
    },
    close() {
      clearInterval(timer);
      draw();
      for (const [image, { event }] of rows) {
        if (changesOf(event).length > 0) terminal.write(`${image}\n${details(event)}`);
      }
    },
  };
}

function mark({ state }: BuildEvent): string {
  switch (state) {
    case 'done':
    case 'cached':
      return '✓';
    case 'failed':
      return '✗';
    case 'building':
      return '…';
    case 'waiting':
      return ' ';
  }
}

function describe(event: BuildEvent): string {
  switch (event.state) {
    case 'waiting':
      return 'waiting';
    case 'building':
      return event.activity ?? 'building…';
    case 'cached':
      return 'cached';
    case 'done':
      return `done ${event.seconds.toFixed(1)} s${packagesChanged(changesOf(event).length)}`;
    case 'failed':
      return 'failed';
  }
}

const packagesChanged = (count: number): string =>
  count === 0 ? '' : `, ${count === 1 ? '1 package has' : `${count} packages have`} changed`;
