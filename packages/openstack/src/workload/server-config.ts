// What a server reads when it starts: our options, and over them those of `spec.config` that are not ours to keep.
import { configLimits, Reason } from '@stackwright/api';
import {
  done,
  failed,
  waiting,
  type GraphBuilder,
  type Outcome,
  type ReadDeclaration,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { Secret, StatefulSet } from '@stackwright/kube';
import { ConfigError, isOwned, type Owned } from '../config/oslo-config.js';
import { secretHash } from '../secrets/hash.js';
import { secretWith } from '../secrets/secret.js';
import type { ServerObject } from './server.js';

export const configSecret = (object: string): string => `${object}-config`;

export type ServerOption = string | number | boolean | Owned;

export interface ServerConfigRules {
  /** How the server writes and takes names: "max-connections" is "max_connections". Default: as they are. */
  plain?: (name: string) => string;
  /** What is wrong with setting an option, as it follows "cannot be set: ", where its name is not among `ours`. */
  refuses?: (name: string) => string | undefined;
}

const longest = 4096;

/**
 * Our options with what `spec.config` sets instead, by plain name. Throws a ConfigError that names the field at fault, and for an
 * option that is owned says why.
 */
export function mergeServerConfig(
  ours: Readonly<Record<string, ServerOption>>,
  theirs: Readonly<Record<string, unknown>> = {},
  { plain = (name) => name, refuses = () => undefined }: ServerConfigRules = {},
): Record<string, string> {
  const merged = new Map<string, string>();
  const whyNot = new Map<string, string>();
  const own = new Set<string>();
  for (const [name, option] of Object.entries(ours)) {
    const value = typeof option === 'object' ? option.value : option;
    if (typeof option === 'object' && isOwned(option)) whyNot.set(plain(name), option.owned);
    own.add(plain(name));
    if (value !== undefined) merged.set(plain(name), String(value));
  }
  const set = new Set<string>();
  for (const [name, value] of Object.entries(theirs)) {
    const where = `spec.config.${name}`;
    const option = plain(name);
    if (name.length > configLimits.name || !/^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(name))
      throw new ConfigError(`${where.slice(0, configLimits.name)} is no name of an option`);
    const why = own.has(option) ? whyNot.get(option) : refuses(option);
    if (why !== undefined) throw new ConfigError(`${where} cannot be set: ${why}`);
    if (set.has(option)) throw new ConfigError(`${where} is set twice, by another spelling`);
    set.add(option);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new ConfigError(`${where} is neither a string, a number nor a boolean`);
    const text = String(value);
    // A second line would be an option of its own.
    if (/[\n\r\0]/.test(text)) throw new ConfigError(`${where} has more than one line`);
    if (text.length > longest) throw new ConfigError(`${where} has more than ${longest} characters`);
    merged.set(option, text);
  }
  return Object.fromEntries(merged);
}

export interface ServerConfigOptions<R extends ServerObject> {
  /** Throws a ConfigError for what cannot be. */
  files: (scope: StepScope<R>) => Readonly<Record<string, string>>;
  /** What has to be read by another start; default: all of them. The running server is told of the rest. */
  needsRestart?: (scope: StepScope<R>) => Readonly<Record<string, string>>;
  /** What only readers of its passwords know: without it who sees the hash could try passwords on it. */
  salt: (scope: StepScope<R>) => string;
  after: readonly StepHandle[];
  reads?: readonly ReadDeclaration[];
}

/** Step 'Config': the Secret `<object>-config` with what a server reads when it starts, passwords among it. Gives its fingerprint. */
export function serverConfigStep<R extends ServerObject>(
  g: GraphBuilder<R>,
  { files, needsRestart = files, salt, after, reads = [] }: ServerConfigOptions<R>,
): StepHandle<string> {
  return g.step({
    name: 'Config',
    after,
    owns: [Secret],
    reads,
    run(scope): Outcome<string> {
      const name = configSecret(scope.name);
      try {
        const wanted = files(scope);
        return scope.own(Secret, secretWith(name, wanted))
          ? done(secretHash(salt(scope), needsRestart(scope)))
          : waiting(Reason.Pending, `Secret ${name} is being created`);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        // What runs keeps its own.
        const there = scope.get(Secret, name);
        if (there) scope.keep(Secret, there);
        return failed(Reason.InvalidConfig, error.message);
      }
    },
  });
}

/** The size with which the volumes were made, whatever they have grown to. The step reads StatefulSet. */
export function firstVolumeSize<R extends ServerObject>(scope: StepScope<R>): string | undefined {
  const [template] = scope.get(StatefulSet, scope.name)?.spec?.volumeClaimTemplates ?? [];
  return template?.spec?.resources?.requests?.['storage'] ?? scope.object.spec.storage?.size;
}
