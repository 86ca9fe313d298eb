import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../../shared/process.js';
import type { ContainerSpec, ExecResult } from '../runtime.js';
import type { Program } from './program.js';

/** Which containers a behaviour is for; everything given must match. Strings match whole, expressions anywhere. */
export interface ContainerMatch {
  namespace?: string;
  /** The Pod's name. */
  pod?: string | RegExp;
  /** The container's name. */
  container?: string | RegExp;
  image?: string | RegExp;
  /** Command and arguments, joined by spaces. */
  command?: string | RegExp;
}

/** What containers do instead of what they would do. */
export interface Behaviour {
  /** They end by themselves, with this code. Without it and `program` they do what they always do. */
  exitCode?: number | undefined;
  /** Lines that they print first. */
  logs?: readonly string[];
  /** Written to the container's termination message path. */
  terminationMessage?: string;
  /** Milliseconds on the node's clock before they end. Default 0. */
  delay?: number;
  oomKilled?: boolean;
  /** They run, and answer no probe. */
  neverReady?: boolean;
  /** They do not end on SIGTERM. */
  ignoresTerm?: boolean;
  /** They cannot be started. */
  startError?: { reason: string; message: string };
  /** What commands print, and how they end: those of probes and hooks, and of `kubectl exec`. */
  exec?: (command: readonly string[]) => Partial<ExecResult> | Promise<Partial<ExecResult>>;
  /** What `kubectl exec` talks to, instead of `exec`. */
  interactive?: InteractiveProgram;
  program?: Program;
}

/** A command that somebody talks to. Resolves with its exit code. */
export type InteractiveProgram = (session: InteractiveSession) => Promise<number>;

export interface InteractiveSession {
  command: readonly string[];
  tty: boolean;
  stdin: Readable;
  stdout: Writable;
  /** With a terminal the same as `stdout`. */
  stderr: Writable;
  /** The last size of the terminal that was told. */
  size(): TerminalSize | undefined;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Aborted when the user has gone. */
  hungUp: AbortSignal;
}

interface Entry {
  match: ContainerMatch;
  behaviour: Behaviour;
}

/** What a test (or a curious user) has the containers of a simulated node do. */
export class Script {
  readonly #entries = new Set<Entry>();
  readonly #images = new Map<string, boolean>();

  /** From now on. What was said last counts, field by field. Returns how to take it back. */
  when(match: ContainerMatch, behaviour: Behaviour): () => void {
    const entry = { match, behaviour };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  behaviourOf(spec: ContainerSpec): Behaviour {
    const found = [...this.#entries].filter(({ match }) => matches(match, spec)).map(({ behaviour }) => behaviour);
    return Object.assign({}, ...found) as Behaviour;
  }

  /** Makes an image exist, or not. */
  setImage(name: string, present: boolean): void {
    this.#images.set(name, present);
  }

  /** Every image exists, except for those with the tag "missing": so can anyone see what a wrong image does. */
  hasImage(name: string): boolean {
    return this.#images.get(name) ?? !name.endsWith(':missing');
  }
}

export function matches(match: ContainerMatch, spec: ContainerSpec): boolean {
  const command = [...(spec.command ?? []), ...(spec.args ?? [])].join(' ');
  const fits = (wanted: string | RegExp | undefined, value: string): boolean =>
    wanted === undefined || (typeof wanted === 'string' ? wanted === value : wanted.test(value));
  return (
    fits(match.namespace, spec.namespace) &&
    fits(match.pod, spec.podName) &&
    fits(match.container, spec.name) &&
    fits(match.image, spec.image) &&
    fits(match.command, command)
  );
}
