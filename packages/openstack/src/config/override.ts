// A user's `spec.config` over our configuration, by section and option.
import { configLimits } from '@stackwright/api';
import { ConfigError, isOwned, type OsloConfig, type OsloScalar, type OsloValue } from './oslo-config.js';

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** File → section → option → value, as it comes from the API: values may be of any kind. */
export type Override = Readonly<Record<string, Sections>>;

/** For names that users choose: even "__proto__" is only a name in it. */
export function dictionary<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

/** Where an option stands, for messages. */
export function fieldOf(file: string, section: string, option: string): string {
  return `spec.config["${file}"].${section}.${option}`;
}

/**
 * `ours` with what `override` sets instead. Throws a ConfigError that names the field of `spec.config` at fault, and for
 * an option that is owned says why.
 */
export function mergeOverride(file: string, ours: OsloConfig, override: Sections = {}): OsloConfig {
  const merged = dictionary<Record<string, OsloValue>>();
  for (const [section, options] of Object.entries(ours)) merged[section] = Object.assign(dictionary(), options);
  const known = new Map<string, string>();
  for (const section of Object.keys(merged).reverse()) known.set(sectionName(section), section);
  for (const [section, options] of Object.entries(override)) {
    checkName(section, `spec.config["${file}"] has a section`);
    const name = known.get(sectionName(section)) ?? section;
    known.set(sectionName(section), name);
    const target = (merged[name] ??= dictionary());
    const owners = ownersOf(target);
    for (const [option, value] of Object.entries(options)) {
      checkName(option, `spec.config["${file}"].${section} has an option`);
      const where = fieldOf(file, section, option);
      const why = owners.get(plainName(option));
      if (why !== undefined) throw new ConfigError(`${where} cannot be set: ${why}`);
      target[option] = valueOf(value, where);
    }
  }
  return merged;
}

/** Throws a ConfigError when `override` speaks of files that are not there to be overridden. */
export function checkFiles(override: Readonly<Record<string, unknown>> = {}, files: readonly string[]): void {
  const unknown = Object.keys(override).find((file) => !files.includes(file));
  if (unknown === undefined) return;
  throw new ConfigError(`spec.config["${unknown}"] is no file of this service; there is ${files.join(', ')}`);
}

/** By this oslo.config knows a section: "[Database]" is "[database]". */
function sectionName(section: string): string {
  return section === 'DEFAULT' ? section : section.toLowerCase();
}

/** Names of options have dashes on the command line, and people write them so in files, too. */
function plainName(option: string): string {
  return option.toLowerCase().replaceAll('-', '_');
}

/** Why options cannot be set, by their plain names. */
function ownersOf(options: Readonly<Record<string, OsloValue>>): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const [name, value] of Object.entries(options)) {
    if (isOwned(value) && !owners.has(plainName(name))) owners.set(plainName(name), value.owned);
  }
  return owners;
}

function checkName(name: string, what: string): void {
  if (name.length <= configLimits.name) return;
  throw new ConfigError(`${what} "${name.slice(0, 32)}…" of more than ${configLimits.name} characters`);
}

/** As the user may set it. No schema says so of the values, nor how long they may be. */
function valueOf(value: unknown, where: string): OsloScalar | readonly OsloScalar[] {
  if (!isValue(value)) {
    const kinds = 'a string, a number, a boolean, a list of such nor { secretKeyRef: { name, key } }';
    throw new ConfigError(`${where} is neither ${kinds}`);
  }
  const texts = [value].flat().map(String);
  if (texts.length > configLimits.items) throw new ConfigError(`${where} has more than ${configLimits.items} items`);
  if (texts.some((text) => text.length > configLimits.value)) {
    throw new ConfigError(`${where} has more than ${configLimits.value} characters`);
  }
  // Before it is rendered, where nobody knows any more where it came from.
  if (texts.some((text) => text.includes('\n'))) throw new ConfigError(`${where} has more than one line`);
  return value;
}

function isValue(value: unknown): value is OsloScalar | readonly OsloScalar[] {
  return isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}

function isScalar(value: unknown): value is OsloScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
