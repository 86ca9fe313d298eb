import { createLogUpdate } from 'log-update';
import type { Terminal } from '../terminal/terminal.js';
import { clockTime, renderBlock, Transitions } from './render.js';
import type { Row } from './progress.js';

/** Where `up` shows how it goes: a block that is redrawn on terminals, lines with a time stamp elsewhere. */
export interface ProgressView {
  /** What is being done now; replaces the block's title. */
  stage(title: string): void;
  rows(rows: readonly Row[]): void;
  /** One line that stays. */
  line(text: string): void;
  /** Leaves the terminal as it shall stay. */
  close(): void;
}

export function openProgressView(terminal: Terminal): ProgressView {
  return terminal.interactive ? redrawn(terminal) : plain(terminal);
}

function plain(terminal: Terminal): ProgressView {
  const transitions = new Transitions();
  const line = (text: string) => {
    terminal.note(`${clockTime(new Date())} ${text}`);
  };
  return {
    stage: line,
    line,
    rows: (rows) => {
      for (const transition of transitions.next(rows, new Date())) terminal.note(transition);
    },
    close: () => undefined,
  };
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

function redrawn(terminal: Terminal): ProgressView {
  const draw = createLogUpdate(terminal.stderr, { showCursor: true });
  let title = '';
  let current: readonly Row[] = [];
  let frame = 0;
  const redraw = () => {
    if (title === '') return;
    const spinner = frames[(frame += 1) % frames.length] ?? '';
    const options = { colors: terminal.noteColors, columns: terminal.stderr.columns, now: Date.now(), spinner };
    draw(renderBlock(`${spinner} ${title}`, current, options).map(terminal.shown).join('\n'));
  };
  const timer = setInterval(redraw, 100);
  timer.unref();
  return {
    stage: (text) => {
      title = text;
      current = [];
      redraw();
    },
    rows: (rows) => {
      current = rows;
      redraw();
    },
    line: (text) => {
      draw.clear();
      terminal.note(text);
      redraw();
    },
    close: () => {
      clearInterval(timer);
      draw.clear();
      title = '';
    },
  };
}
