// A user's `spec.config` over our configuration, by section and option.
import { ConfigError, type OsloConfig, type OsloScalar, type OsloValue } from './oslo-config.js';

/** File → section → option → why it must not be set. */
export type ReservedOptions = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;

/** As it comes from the API: values may be of any kind. */
type Override = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** `ours` with what `override` sets instead. Throws a ConfigError that names the field of `spec.config` at fault. */
export function mergeOverride(
  file: string,
  ours: OsloConfig,
  override: Override = {},
  reserved: ReservedOptions = {},
): OsloConfig {
  const merged: Record<string, Record<string, OsloValue>> = {};
  for (const [section, options] of Object.entries(ours)) merged[section] = { ...options };
  for (const [section, options] of Object.entries(override)) {
    const target = (merged[section] ??= {});
    for (const [option, value] of Object.entries(options)) {
      const where = `spec.config["${file}"].${section}.${option}`;
      const why = reasonFor(reserved[file]?.[section], option);
      if (why !== undefined) throw new ConfigError(`${where} cannot be set: ${why}`);
      if (!isValue(value))
        throw new ConfigError(`${where} is neither a string, a number, a boolean nor a list of such`);
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

/** oslo.config takes dashes for underscores in the names of options on the command line; people do so in files, too. */
function reasonFor(reserved: Readonly<Record<string, string>> = {}, option: string): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '_');
  return Object.entries(reserved).find(([name]) => plain(name) === plain(option))?.[1];
}

function isValue(value: unknown): value is OsloScalar | readonly OsloScalar[] {
  return isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}

function isScalar(value: unknown): value is OsloScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
