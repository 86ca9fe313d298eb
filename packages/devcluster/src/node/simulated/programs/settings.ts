// Configuration files that a container has mounted, read as oslo.config does: sections of options.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramContext } from '../program.js';

export type Settings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** All mounted files and directories of `.conf` files below `directory`, one over the other. */
export function settingsOf({ spec }: ProgramContext, directory: string): Settings {
  const settings = nothing<Record<string, string>>();
  for (const { hostPath, containerPath } of spec.mounts) {
    if (!`${containerPath}/`.startsWith(`${directory}/`)) continue;
    for (const file of configFiles(hostPath)) readInto(settings, readFileSync(file, 'utf8'));
  }
  return settings;
}

/** What uWSGI serves a port with, when its file (`--ini`) says TLS: host paths of certificate and key. As uWSGI, fails without them. */
export function tlsFilesOf({ spec, path }: ProgramContext, port: number): { cert: string; key: string } | undefined {
  const command = [...(spec.command ?? []), ...(spec.args ?? [])];
  const ini = path(command[command.indexOf('--ini') + 1] ?? '');
  if (ini === undefined || !statSync(ini).isFile()) return undefined;
  const settings = nothing<Record<string, string>>();
  readInto(settings, readFileSync(ini, 'utf8'));
  // "0.0.0.0:5000,/path/of/cert,/path/of/key"
  const socket = settings['uwsgi']?.['https-socket'];
  if (socket === undefined) return undefined;
  const [address = '', cert = '', key = ''] = socket.split(',');
  if (!address.endsWith(`:${port}`)) return undefined;
  const files = { cert: path(cert), key: path(key) };
  if (files.cert === undefined || files.key === undefined) throw new Error(`${cert} or ${key} is not mounted`);
  return { cert: files.cert, key: files.key };
}

function configFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(path, name));
}

function readInto(settings: Record<string, Record<string, string>>, text: string): void {
  let section = 'DEFAULT';
  for (const line of text.split('\n')) {
    const trimmed = line.trimEnd();
    if (trimmed.startsWith('[') && trimmed.endsWith(']') && trimmed.length > 2) section = trimmed.slice(1, -1);
    const equals = line.indexOf('=');
    const option = equals < 0 ? '' : line.slice(0, equals).trimEnd();
    if (option === '' || /^[#;\s[]/.test(option)) continue;
    (settings[section] ??= nothing())[option] = line.slice(equals + 1).trimStart();
  }
}

/** Sections and options have the names that a user gives them, those of JavaScript's own among them. */
const nothing = <Value>(): Record<string, Value> => Object.create(null) as Record<string, Value>;
