// What names and other texts must look like. Each check returns everything that is wrong, in the words of apimachinery.

export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const LOOSE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const LOOSE_SUBDOMAIN = `${LOOSE_LABEL}(\\.${LOOSE_LABEL})*`;
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HEADER = '[-A-Za-z0-9]+';
const PERCENT = '[0-9]+%';
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

const tooLong = (limit: number, unit = 'characters'): string => `must be no more than ${limit} ${unit}`;

const matcher = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

/** "… (e.g. 'a',  or 'b', regex used for validation is '…')". */
function explained(problem: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${problem} (${shown ? `e.g. ${shown}` : ''}regex used for validation is '${pattern}')`;
}

const label = matcher(LABEL);
const subdomain = matcher(SUBDOMAIN);
const label1035 = matcher(LABEL_1035);

/** What is wrong with a name. `prefix`: something is put behind it, so that a dash may be its end. */
export function nameProblems(rule: NameRule, given: string, prefix = false): string[] {
  if (rule === 'path') return pathProblems(given);
  const name = prefix && given.length > 1 && given.endsWith('-') ? `${given.slice(0, -2)}a` : given;
  switch (rule) {
    case 'subdomain':
      return subdomainProblems(name);
    case 'label':
      return [
        ...(name.length > MAX_LABEL ? [tooLong(MAX_LABEL)] : []),
        ...(label.test(name)
          ? []
          : [
              subdomain.test(name)
                ? 'must not contain dots'
                : explained(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                    LABEL,
                    'my-name',
                    '123-abc',
                  ),
            ]),
      ];
    case 'label1035':
      return [
        ...(name.length > MAX_LABEL ? [tooLong(MAX_LABEL)] : []),
        ...(label1035.test(name)
          ? []
          : [
              explained(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
                LABEL_1035,
                'my-name',
                'abc-123',
              ),
            ]),
      ];
  }
}

function subdomainProblems(name: string, unit = 'characters'): string[] {
  return [
    ...(name.length > MAX_SUBDOMAIN ? [tooLong(MAX_SUBDOMAIN, unit)] : []),
    ...(subdomain.test(name)
      ? []
      : [
          explained(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            SUBDOMAIN,
            'example.com',
          ),
        ]),
  ];
}

function pathProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}

/** A search domain of DNS, which may have underscores. */
export const searchDomainProblems = (name: string): string[] =>
  shaped(
    name,
    LOOSE_SUBDOMAIN,
    MAX_SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    'example.com',
  );

export const wildcardProblems = (name: string): string[] =>
  shaped(
    name,
    WILDCARD,
    MAX_SUBDOMAIN,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    '*.example.com',
  );

function shaped(text: string, pattern: string, limit: number, problem: string, ...examples: string[]): string[] {
  return [
    ...(text.length > limit ? [tooLong(limit)] : []),
    ...(matcher(pattern).test(text) ? [] : [explained(problem, pattern, ...examples)]),
  ];
}

const qualified = matcher(QUALIFIED);

/** "name" or "example.com/name": keys of labels and annotations, names of finalizers and conditions. */
export function qualifiedNameProblems(text: string): string[] {
  const explanation = explained(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    QUALIFIED,
    'MyName',
    'my.name',
    '123-abc',
  );
  const parts = text.split('/');
  if (parts.length > 2)
    return [
      `a valid label key ${explanation} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const name = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(prefix, 'bytes').map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > MAX_LABEL) problems.push(`name part ${tooLong(MAX_LABEL, 'bytes')}`);
  if (!qualified.test(name)) problems.push(`name part ${explanation}`);
  return problems;
}

const labelValue = matcher(LABEL_VALUE);

export function labelValueProblems(value: string): string[] {
  return [
    ...(value.length > MAX_LABEL ? [tooLong(MAX_LABEL, 'bytes')] : []),
    ...(labelValue.test(value)
      ? []
      : [
          explained(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            LABEL_VALUE,
            'MyValue',
            'my_value',
            '12345',
          ),
        ]),
  ];
}

/** A key of a Secret or ConfigMap. */
export const configKeyProblems = (key: string): string[] => [
  ...shaped(
    key,
    CONFIG_KEY,
    MAX_SUBDOMAIN,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    'key.name',
    'KEY_NAME',
    'key-name',
  ),
  ...(key === '.' || key === '..'
    ? [`must not be '${key}'`]
    : key.startsWith('..')
      ? ["must not start with '..'"]
      : []),
];

export const variableNameProblems = (name: string): string[] =>
  /^[\x20-\x3c\x3e-\x7e]*$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];

export const headerNameProblems = (name: string): string[] =>
  matcher(HEADER).test(name)
    ? []
    : [explained("a valid HTTP header must consist of alphanumeric characters or '-'", HEADER, 'X-Header-Name')];

export function portNameProblems(name: string): string[] {
  return [
    ...(name.length > 15 ? [tooLong(15)] : []),
    ...(/^[-a-z0-9]+$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
    ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(/^-|-$/.test(name) ? ['must not begin or end with a hyphen'] : []),
  ];
}

export const percentProblems = (text: string): string[] =>
  matcher(PERCENT).test(text)
    ? []
    : [explained("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, '1%', '93%')];

export const httpPathProblems = (path: string): string[] =>
  matcher(HTTP_PATH).test(path) ? [] : [explained('Invalid path', HTTP_PATH)];
