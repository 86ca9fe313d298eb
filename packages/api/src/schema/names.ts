// How long the name of an object may be, so that all that is named after it has a name that Kubernetes takes.
import type { ValidationRule } from '@stackwright/kube';

/** A Service, and with it whatever is reached by its name, is a DNS label. */
const label = 63;
/** Pods of a StatefulSet carry its name, with eleven characters after it, as a label. */
const statefulSet = label - 11;
/** All other names. */
const subdomain = 253;

/** The longest name that is derived from an object's, as what follows it there, of each sort. */
export interface DerivedNames {
  /** Of Services, besides one of the object's own name: "-headless". */
  services?: readonly string[];
  /** Whether a StatefulSet has the object's name. */
  statefulSet?: boolean;
  /** Of Secrets, ConfigMaps, claims …: "-root-password". */
  others?: readonly string[];
}

const longest = (endings: readonly string[]): number => Math.max(0, ...endings.map((ending) => ending.length));

/** Of an object that has Pods and a Service. */
export function longestName({ services = [], statefulSet: hasSet = false, others = [] }: DerivedNames): number {
  return Math.min(label - longest(services), hasSet ? statefulSet : label, subdomain - longest(others));
}

/** Of a claim: only Secrets are named after it. */
export const longestClaimName = (others: readonly string[]): number => subdomain - longest(others);

/** A Service begins with a letter, and has no dots in its name. */
export const serviceNameRule = (most: number): ValidationRule[] => [
  nameLengthRule(most),
  {
    rule: "self.metadata.name.size() > 63 || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'the name is that of a Service, too: letters, digits and dashes, and a letter first',
  },
];

export const nameLengthRule = (most: number): ValidationRule => ({
  rule: `self.metadata.name.size() <= ${most}`,
  message: `the name has more than ${most} characters, and what is named after it would have too long a name`,
});
