// Label selectors: as objects (in specs), as text (in queries), and what they match.

/** metav1.LabelSelector. */
export interface LabelSelector {
  matchLabels?: Readonly<Record<string, string>>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

/** One condition of a selector; all of them must hold. */
export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Empty for `Exists` and `DoesNotExist`. */
  values: readonly string[];
}

/** A selector that the API would refuse. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/** "a=b,c=d": every label must have this value. The keys are sorted, so that equal labels give equal text. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key] ?? ''}`)
    .join(',');
}

/** A selector as `labelSelector` queries take it. */
export function formatSelector(selector: LabelSelector | readonly Requirement[]): string {
  return requirementsOf(selector).map(formatRequirement).join(',');
}

/** `undefined` selects nothing, as in the API; an empty selector selects everything. */
export function matchesSelector(
  selector: LabelSelector | readonly Requirement[] | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return selector !== undefined && requirementsOf(selector).every((requirement) => holds(requirement, labels ?? {}));
}

/** Reads `labelSelector` queries: "a=b,c!=d,e in (x,y),f notin (z),g,!h". Throws a `SelectorError`. */
export function parseSelector(text: string): Requirement[] {
  return splitOutsideParentheses(text).map((part) => {
    const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
    if (set) {
      const [, key = '', operator, values = ''] = set;
      return requirement(
        key,
        operator === 'in' ? 'In' : 'NotIn',
        values.split(',').map((value) => value.trim()),
        text,
      );
    }
    const equality = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
    if (equality) {
      const [, key = '', operator, value = ''] = equality;
      return requirement(key, operator === '!=' ? 'NotIn' : 'In', [value], text);
    }
    return part.startsWith('!')
      ? requirement(part.slice(1).trim(), 'DoesNotExist', [], text)
      : requirement(part, 'Exists', [], text);
  });
}

const validKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const validValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function requirement(
  key: string,
  operator: Requirement['operator'],
  values: readonly string[],
  whole: string,
): Requirement {
  if (!validKey.test(key)) throw new SelectorError(`"${key}" is not a label key (in the selector "${whole}")`);
  for (const value of values) {
    if (!validValue.test(value))
      throw new SelectorError(`"${value}" is not a label value (in the selector "${whole}")`);
  }
  return { key, operator, values };
}

/** At each comma but those after which a parenthesis is closed before one is opened. */
function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let end = text.length;
  let isInside = false;
  for (let at = text.length - 1; at >= 0; at--) {
    const sign = text.charAt(at);
    if (sign === ')') isInside = true;
    else if (sign === '(') isInside = false;
    else if (sign === ',' && !isInside) {
      parts.push(text.slice(at + 1, end).trim());
      end = at;
    }
  }
  parts.push(text.slice(0, end).trim());
  return parts.length === 1 && parts[0] === '' ? [] : parts.reverse();
}

function requirementsOf(selector: LabelSelector | readonly Requirement[]): readonly Requirement[] {
  if (isRequirements(selector)) return selector;
  const labels = Object.entries(selector.matchLabels ?? {});
  return [
    ...labels.map(([key, value]): Requirement => ({ key, operator: 'In', values: [value] })),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => {
      if (operator === 'In' || operator === 'NotIn') {
        if (values.length === 0) throw new SelectorError(`${key}: ${operator} without values`);
        return { key, operator, values };
      }
      if (operator === 'Exists' || operator === 'DoesNotExist') {
        if (values.length > 0) throw new SelectorError(`${key}: ${operator} with values`);
        return { key, operator, values };
      }
      throw new SelectorError(`${key}: unknown operator ${operator}`);
    }),
  ];
}

function isRequirements(selector: LabelSelector | readonly Requirement[]): selector is readonly Requirement[] {
  return Array.isArray(selector);
}

function holds({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      // An object without the label is selected too.
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
