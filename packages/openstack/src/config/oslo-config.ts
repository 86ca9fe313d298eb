// Configuration as oslo.config reads it: sections, options, multi-valued options.

export type OsloScalar = string | number | boolean;

/** `undefined` leaves the option out; a list is a multi-valued option, one line each. */
type Plain = OsloScalar | undefined | readonly OsloScalar[];

/** A value that the controller must own: `spec.config` cannot set the option. */
export interface Owned {
  readonly value: Plain;
  /** Why, as it follows "cannot be set: ". */
  readonly owned: string;
}

export type OsloValue = Plain | Owned;

/** Section → option → value. */
export type OsloConfig = Readonly<Record<string, Readonly<Record<string, OsloValue>>>>;

/** What cannot be written into a configuration file. The message names the option and never quotes its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** `connection: owned(url, 'it comes from the database claim')`. Also where there is no value, and none must be. */
export function owned(value: Plain, why: string): Owned {
  return { value, owned: why };
}

export function isOwned(value: OsloValue): value is Owned {
  return typeof value === 'object' && 'owned' in value;
}

/** Several configurations as one, by section and option; where two set the same option, the later one's is taken. */
export function mergeConfigs(...configs: readonly OsloConfig[]): OsloConfig {
  const merged: Record<string, Record<string, OsloValue>> = {};
  for (const [section, options] of configs.flatMap((config) => Object.entries(config))) {
    merged[section] = { ...merged[section], ...options };
  }
  return merged;
}

/** The same configuration always gives the same text: DEFAULT first, else sections and options by name. */
export function renderOsloConfig(config: OsloConfig): string {
  const sections = Object.keys(config).sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  return sections.flatMap((section) => renderSection(section, config[section] ?? {})).join('\n');
}

/** A value that is taken as it is: in others, oslo.config replaces `$name` by the option of that name. */
export function literal(value: string): string {
  return value.replaceAll('$', '$$$$');
}

function renderSection(section: string, options: Readonly<Record<string, OsloValue>>): string[] {
  if (!/^[^[\]\s][^[\]\n\r]*$/.test(section)) throw new ConfigError(`"${section}" cannot be the name of a section`);
  const names = Object.keys(options);
  const lines = names.sort().flatMap((option) => renderOption(section, option, options[option]));
  // A section of options that nobody may set is none.
  if (names.length > 0 && lines.length === 0) return [];
  return [[`[${section}]`, ...lines, ''].join('\n')];
}

function renderOption(section: string, option: string, given: OsloValue): string[] {
  const value = isOwned(given) ? given.value : given;
  if (value === undefined) return [];
  if (!/^[^\s=:#;[][^\s=:]*$/.test(option))
    throw new ConfigError(`[${section}] "${option}" cannot be the name of an option`);
  const values: readonly OsloScalar[] = isList(value) ? value : [value];
  return values.map((one) => `${option} = ${renderValue(one, `[${section}] ${option}`)}`);
}

function renderValue(value: OsloScalar, where: string): string {
  const text = String(value);
  // A second line would be read as the next option, or as a section of its own.
  if (/[\n\r\0]/.test(text)) throw new ConfigError(`${where}: a value cannot have more than one line`);
  // The parser takes blanks and one pair of quotes off a value's ends.
  const isQuoted = /^["']/.test(text) && text.startsWith(text.at(-1) ?? '');
  return text !== text.trim() || isQuoted ? `"${text}"` : text;
}

function isList(value: OsloScalar | readonly OsloScalar[]): value is readonly OsloScalar[] {
  return Array.isArray(value);
}

function rank(section: string): number {
  return section === 'DEFAULT' ? 0 : 1;
}
