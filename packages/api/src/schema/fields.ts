// Fields that several kinds have, each defined once: description, validation and default.
import { Type, type SchemaOptions } from '@sinclair/typebox';
import { Quantity, StringEnum } from '@stackwright/kube';

/** DNS-1123 subdomain: the name of an object. */
export const objectName = (description: string, options: SchemaOptions = {}) =>
  Type.String({ description, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', ...options });

/** A field that is set when the object is made, and never again. */
export const immutable = (what: string) => ({
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: `${what} cannot be changed` }],
});

/** Of the keys of a map: a CRD has no other way to say how long they may be. */
export const keyLength = (most: number) => ({
  rule: `self.all(key, key.size() <= ${most})`,
  message: `a key has at most ${most} characters`,
});

/** The longest key of a label or an annotation. */
export const longestKey = 316;

/** Characters of an endpoint in a status: a list of hosts with their ports, or a URL. */
export const longestEndpoint = 65_536;

export const secretReference = (description: string) =>
  Type.Object({ name: objectName('Name of the Secret, in the same namespace.') }, { description });

/** Never with a default: which release runs is said, not guessed, and never changes because a CRD did. */
export const release = (description: string) =>
  Type.String({ description, maxLength: 16, pattern: '^20[0-9]{2}\\.[12]$', examples: ['2025.1'] });

export const deletionPolicy = () =>
  StringEnum(['Retain', 'Delete'], {
    description:
      'What becomes of data (databases, volumes, generated passwords and keys) when the object is deleted. ' +
      'Retain keeps it, and an object of the same name made later takes it up again; Delete destroys it.',
    default: 'Retain',
  });

export const paused = () =>
  Type.Boolean({
    description:
      'true: the controller writes nothing for this object, its status and its deletion included, until this is false again ' +
      'or gone. What runs goes on running.',
  });

export const credentialRotation = () =>
  Type.String({
    description:
      'Another value than before (a date, say) asks for new credentials for all that the service uses: database, broker, ' +
      'identity. The old ones work on until all of its Pods run with the new ones.',
    minLength: 1,
    maxLength: 64,
  });

export const image = () =>
  Type.String({
    description: "Container image to run instead of the catalog's.",
    minLength: 1,
    maxLength: 1024,
    pattern: '^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$',
  });

export const replicas = (options: SchemaOptions & { maximum?: number } = {}) =>
  Type.Integer({ description: 'Number of Pods.', minimum: 1, default: 1, ...options });

const amounts = (description: string) =>
  Type.Object(
    {
      cpu: Type.Optional(Quantity({ description: 'CPUs, for instance 500m or 2.' })),
      memory: Type.Optional(Quantity({ description: 'Memory, for instance 512Mi.' })),
    },
    { description },
  );

export const resources = () =>
  Type.Object(
    {
      requests: Type.Optional(amounts('What each Pod is guaranteed.')),
      limits: Type.Optional(amounts('What each Pod may use at most.')),
    },
    {
      description:
        "Compute resources of the main container, instead of the service's defaults. What is left out keeps its default, but no " +
        'request above a limit.',
      'x-kubernetes-validations': ['cpu', 'memory'].map((what) => {
        const there = `has(self.requests) && has(self.requests.${what}) && has(self.limits) && has(self.limits.${what})`;
        // By way of a text, of which nobody knows how long it is, the rule would be too dear for a server.
        const amount = (of: string) => {
          const value = `self.${of}.${what}`;
          return `(type(${value}) == string ? quantity(${value}) : quantity('0').add(${value}))`;
        };
        return {
          rule: `!(${there}) || ${amount('requests')}.compareTo(${amount('limits')}) <= 0`,
          message: `the request of ${what} is above its limit`,
        };
      }),
    },
  );

/** At most 1Pi: what is larger is a slip. */
export const storageSize = (description: string, size: string) =>
  Type.String({
    description,
    maxLength: 12,
    pattern: '^[1-9][0-9]*(Mi|Gi|Ti)$',
    default: size,
    'x-kubernetes-validations': [
      { rule: "quantity(self).compareTo(quantity('1Pi')) <= 0", message: 'a volume has at most 1Pi' },
    ],
  });

const cronItem = '([*?]|[0-9]{1,2}|[A-Za-z]{3})(-([0-9]{1,2}|[A-Za-z]{3}))?(/[0-9]{1,5})?';
const cronField = `${cronItem}(,${cronItem})*`;

/**
 * A schedule as a CronJob has it, and as nothing else has: no seconds, no years, no "L" or "#". What is out of range the
 * controller says.
 */
export const cronSchedule = (description: string, schedule: string) =>
  Type.String({
    description,
    minLength: 1,
    maxLength: 100,
    pattern:
      '^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every [+-]?([0-9]+(\\.[0-9]*)?(ns|us|ms|s|m|h))+|' +
      `${cronField}( +${cronField}){4})$`,
    default: schedule,
  });

/** Lower-case identifiers that are safe unquoted in SQL and in file names. */
export const databaseName = (description: string, options: SchemaOptions = {}) =>
  Type.String({
    ...options,
    description,
    minLength: 1,
    maxLength: 63,
    pattern: '^[a-z][a-z0-9_]*$',
    not: { enum: [...reservedDatabaseNames] },
  });

/** Names of the server's own databases and accounts. A claim's database and user have the same name. */
export const reservedDatabaseNames = [
  'information_schema',
  'mariadb',
  'mysql',
  'performance_schema',
  'public',
  'root',
  'sys',
] as const;
