// A process that somebody talks to from afar, on its way from the node through the API server.
import type { Readable, Writable } from 'node:stream';

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface ProcessStreams {
  /** Its end is the end of the process's input. Absent when nobody writes. */
  stdin?: Writable;
  stdout?: Readable;
  /** Absent with a terminal, which has one output. */
  stderr?: Readable;
  /** Without effect where there is no terminal. */
  resize(size: TerminalSize): void;
  /** The exit code, once the process has ended; rejects when it could not be started. Outputs may still have data. */
  readonly exit: Promise<number>;
  /** Nobody talks to it any more: ends it and its children, or only lets go of it when it is the container's own. Never rejects. */
  hangUp(): Promise<void>;
}

export interface StreamOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
  /** The terminal that the other side has, as far as is known by now. */
  size?(): TerminalSize | undefined;
}
