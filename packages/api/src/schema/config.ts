// `spec.config`: what a user sets in the configuration files of a service.
import { Type } from '@sinclair/typebox';
import { StringEnum } from '@stackwright/kube';

/** Lists are for options that may be given more than once; those that take "a,b" are given that as a string. */
export type ConfigValue =
  string | number | boolean | readonly (string | number | boolean)[] | { secretKeyRef: { name: string; key: string } };

/** File → section → option → value. */
export type ConfigOverride = Record<string, Record<string, Record<string, ConfigValue>>>;

/** Where no schema can say so (and no rule in CEL, which knows no values of any type), the controller does: of what is set in a configuration. */
export const configLimits = {
  /** Characters of the name of a file, a section or an option. */
  name: 253,
  /** Characters of a value, or of an item of a list. */
  value: 65_536,
  /** Items of a list. */
  items: 1_024,
} as const;

export const configOverride = () =>
  Type.Unsafe<ConfigOverride>(
    Type.Record(
      Type.String(),
      Type.Record(
        Type.String(),
        // No schema of a CRD says "a string, a number, a boolean or an object"; the controller names what is none of them.
        Type.Record(Type.String(), Type.Unsafe<ConfigValue>({ 'x-kubernetes-preserve-unknown-fields': true }), {
          maxProperties: 1_024,
        }),
        { maxProperties: 512 },
      ),
      {
        maxProperties: 64,
        description:
          'Configuration by file, section and option, merged over ours: `keystone.conf: { token: { expiration: 7200 } }`. ' +
          'Values are strings, numbers or booleans, lists of such for options that are given more than once, or ' +
          '`{ secretKeyRef: { name, key } }` for one that a Secret holds, which must be labelled ' +
          '`stackwright.dev/usable-by: <service>`. An option that the controller must own is refused. What is set is checked ' +
          "by the service's own packages before it is rolled out; an unknown section or option is named in the condition, " +
          'and what runs stays as it is.',
      },
    ),
  );

export const configValidation = () =>
  StringEnum(['Strict', 'Off'], {
    description:
      "Whether `config` is checked before it is rolled out. Off is for options of drivers which the service's packages " +
      'do not list: then nothing is judged but whether it sets what the controller must own, also by an older name. Default: Strict.',
  });

/** Option → value. */
export type ServerConfig = Record<string, string | number | boolean>;

/** `spec.config` of a server. */
export const serverConfig = (what: string, checked: string) =>
  Type.Optional(
    Type.Unsafe<ServerConfig>(
      Type.Record(
        Type.String(),
        // No schema of a CRD says "a string, a number or a boolean"; the controller names what is none of them.
        Type.Unsafe<string | number | boolean>({ 'x-kubernetes-preserve-unknown-fields': true }),
        {
          description:
            `${what}, over ours, by name. Values are strings, numbers or booleans; no passwords. An option that the controller ` +
            `must own is refused by name, and what runs stays as it is. Another value replaces the Pods. ${checked}`,
          maxProperties: 256,
        },
      ),
    ),
  );
