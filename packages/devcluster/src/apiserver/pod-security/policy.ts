// What the labels of a namespace ask of its Pods: a level and the version of it, for each of three modes.
import { field, type FieldError } from '../errors.js';

const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

export interface LevelVersion {
  level: Level;
  /** The minor version of Kubernetes that the level is taken from; infinite for "latest". */
  minor: number;
}

export type Mode = 'enforce' | 'audit' | 'warn';

export type PodPolicy = Readonly<Record<Mode, LevelVersion>>;

const PREFIX = 'pod-security.kubernetes.io/';
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];
const OPEN: LevelVersion = { level: 'privileged', minor: Infinity };

/** "restricted:latest" */
export const shown = ({ level, minor }: LevelVersion): string =>
  `${level}:${minor === Infinity ? 'latest' : `v1.${minor}`}`;

export const same = (a: LevelVersion, b: LevelVersion): boolean => shown(a) === shown(b);

export const isStricter = (a: LevelVersion, b: LevelVersion): boolean =>
  LEVELS.indexOf(a.level) > LEVELS.indexOf(b.level);

export const isOpen = (policy: PodPolicy, modes: readonly Mode[] = MODES): boolean =>
  modes.every((mode) => policy[mode].level === 'privileged');

/** A label that says nothing one knows: what is enforced is then the strictest, and nothing is warned of or recorded. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): { policy: PodPolicy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const complain = (label: string, message: string): void => {
    errors.push(field.invalid(`metadata.labels[${label}]`, labels[label], message));
  };
  const asked = (mode: Mode): LevelVersion => ({
    level: levelOf(mode, labels[PREFIX + mode], complain),
    minor: minorOf(`${PREFIX}${mode}-version`, labels, complain),
  });
  const enforce = asked('enforce');
  const policy = { enforce, audit: asked('audit'), warn: asked('warn') };
  const isEnforced = LEVELS.some((level) => level === labels[`${PREFIX}enforce`]);
  // Who is refused something is warned of it before, unless the labels say otherwise.
  if (labels[`${PREFIX}warn`] === undefined && isEnforced && isStricter(enforce, policy.warn)) {
    const minor = labels[`${PREFIX}warn-version`] === undefined ? enforce.minor : policy.warn.minor;
    policy.warn = { level: enforce.level, minor };
  }
  return { policy, errors };
}

function levelOf(mode: Mode, text: string | undefined, complain: (label: string, message: string) => void): Level {
  if (text === undefined) return OPEN.level;
  const level = LEVELS.find((each) => each === text);
  if (level) return level;
  complain(PREFIX + mode, `must be one of ${LEVELS.join(', ')}`);
  return mode === 'enforce' ? 'restricted' : 'privileged';
}

function minorOf(
  label: string,
  labels: Readonly<Record<string, string>>,
  complain: (label: string, message: string) => void,
): number {
  const text = labels[label];
  if (text === undefined || text === 'latest') return OPEN.minor;
  const [, minor] = /^v1\.(\d|[1-9]\d*)$/.exec(text) ?? [];
  if (minor !== undefined) return Number(minor);
  complain(label, 'must be "latest" or "v1.x"');
  return OPEN.minor;
}
