// Kubernetes' format library: `!format.dns1123Label().validate(self).hasValue()`.
import { Optional } from '@marcbachmann/cel-js';
import { labelValueProblems, nameProblems, qualifiedNameProblems } from '../../schema/formats.js';
import { namespace, type Library } from './library.js';

class Format {
  readonly name: string;
  readonly problem: (text: string) => string | undefined;

  constructor(name: string, problem: (text: string) => string | undefined) {
    this.name = name;
    this.problem = problem;
  }
}

const matching =
  (pattern: RegExp, name: string) =>
  (text: string): string | undefined =>
    pattern.test(text) ? undefined : `invalid ${name}`;

/** With a dash at the end, which what is generated goes on after. */
const prefix = (problem: (text: string) => string | undefined) => (text: string) =>
  problem(text.endsWith('-') ? `${text}a` : text);

const label = (text: string) => nameProblems('label', text)[0];
const subdomain = (text: string) => nameProblems('subdomain', text)[0];
const label1035 = (text: string) => nameProblems('label1035', text)[0];

const formats = new Map(
  Object.entries({
    dns1123Label: label,
    dns1123Subdomain: subdomain,
    dns1035Label: label1035,
    dns1123LabelPrefix: prefix(label),
    dns1123SubdomainPrefix: prefix(subdomain),
    dns1035LabelPrefix: prefix(label1035),
    qualifiedName: (text: string) => qualifiedNameProblems(text)[0],
    labelValue: (text: string) => labelValueProblems(text)[0],
    uri: (text: string) =>
      /^([A-Za-z][A-Za-z0-9+.-]*:|\/)\S*$/.test(text) && URL.canParse(text, 'none://') ? undefined : 'invalid URI',
    uuid: matching(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'UUID'),
    byte: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64'),
    date: (text: string) =>
      /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? undefined : 'invalid date',
    datetime: (text: string) =>
      /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/i.test(text) && !Number.isNaN(Date.parse(text))
        ? undefined
        : 'invalid datetime',
  }).map(([name, problem]) => [name, new Format(name, problem)] as const),
);

export const named: Library = (environment) => {
  const type = 'kubernetes.NamedFormat';
  environment
    .registerType(type, { ctor: Format, fields: {} })
    .registerOperator(`${type} == ${type}`, (a: Format, b: Format) => a.name === b.name)
    .registerFunction(`${type}.validate(string): optional<list<string>>`, (format: Format, text: string) => {
      const problem = format.problem(text);
      return problem === undefined ? Optional.none() : Optional.of([problem]);
    });
  const format = namespace(environment, 'format');
  environment.registerFunction(`${format}.named(string): optional<${type}>`, (_: unknown, name: string) =>
    Optional.of(formats.get(name)),
  );
  for (const [name, value] of formats) environment.registerFunction(`${format}.${name}(): ${type}`, () => value);
};
