// A user's `spec.config` over our configuration, by section and option.
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
  for (const [section, options] of Object.entries(override)) {
    const name = Object.keys(merged).find((one) => sectionName(one) === sectionName(section)) ?? section;
    const target = (merged[name] ??= dictionary());
    for (const [option, value] of Object.entries(options)) {
      const where = fieldOf(file, section, option);
      const why = whyOwned(target, option);
      if (why !== undefined) throw new ConfigError(`${where} cannot be set: ${why}`);
      if (!isValue(value)) {
        const kinds = 'a string, a number, a boolean, a list of such nor { secretKeyRef: { name, key } }';
        throw new ConfigError(`${where} is neither ${kinds}`);
      }
      // Before it is rendered, where nobody knows any more where it came from.
      if ([value].flat().some((one) => String(one).includes('\n'))) {
        throw new ConfigError(`${where} has more than one line`);
      }
      target[option] = value;
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
function whyOwned(options: Readonly<Record<string, OsloValue>>, option: string): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '_');
  for (const [name, value] of Object.entries(options)) {
    if (plain(name) === plain(option) && isOwned(value)) return value.owned;
  }
  return undefined;
}

function isValue(value: unknown): value is OsloScalar | readonly OsloScalar[] {
  return isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}

function isScalar(value: unknown): value is OsloScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
