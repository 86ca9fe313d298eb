// Whose something is on a provider's server (a database, a virtual host, a user, an entry of a catalog), where two claims of
// different namespaces, or clusters, may ask for one name. Nothing that exists is taken over, or removed, on the strength of
// its name alone.
import type { Reason } from '@stackwright/api';
import { Refused } from './refused.js';

const markPrefix = 'stackwright.dev/claim=';

/** To be put where an administrator of the server sees it: a comment, a description, a tag. `owner` is the claim's namespace and name. */
export const claimMark = (owner: string): string => `${markPrefix}${owner}`;

/** Whom a mark in the text names; undefined where there is none. Other words may stand beside it. */
export function markedOwner(text: string | null | undefined): string | undefined {
  return /(?:^|\s)stackwright\.dev\/claim=(\S+)/.exec(text ?? '')?.[1];
}

/** What something on a server shows of whose it is. */
export interface OwnershipEvidence {
  /** Whom its mark names; undefined: it has none. */
  mark: string | undefined;
  /** Only its owner can have made it so: it takes the claim's password, belongs to something that is the claim's, leads to it. */
  isProven: boolean;
  /** It holds nothing that anybody could miss. */
  isEmpty: boolean;
}

export type Ownership =
  /** The claim's. */
  | 'Owned'
  /** Nobody's: the claim may have it. */
  | 'Adoptable'
  /** Somebody else's, or nobody knows whose. */
  | 'Foreign';

/** A mark decides; without one what only the owner can know; and without that only what is empty may be taken. */
export function ownershipOf(owner: string, { mark, isProven, isEmpty }: OwnershipEvidence): Ownership {
  if (mark !== undefined) return mark === owner ? 'Owned' : 'Foreign';
  if (isProven) return 'Owned';
  return isEmpty ? 'Adoptable' : 'Foreign';
}

/** How a refusal reads. */
export interface RefusalWords {
  reason: Reason;
  /** 'Database "nova"'. */
  what: string;
  /** What else makes it somebody's, where it has no mark: "holds tables". */
  holds?: string;
  /** Kind of the claim: "DatabaseClaim". */
  claim: string;
  /** What to do instead of taking it over. Default "choose another name". */
  instead?: string;
  /** By which an administrator makes it the claim's; where there is none, what else helps. */
  remedy: { handOver: string } | { otherwise: string };
}

/** @throws Refused where it is foreign */
export function refuseForeign(owner: string, evidence: OwnershipEvidence, words: RefusalWords): void {
  if (ownershipOf(owner, evidence) !== 'Foreign') return;
  const { reason, what, holds, claim, instead = 'choose another name', remedy } = words;
  const { mark } = evidence;
  const whose =
    mark === undefined ? `${holds ? `${holds} and ` : ''}is not of our making` : `belongs to the ${claim} ${mark}`;
  const or =
    'otherwise' in remedy
      ? remedy.otherwise
      : `${mark === undefined ? 'hand it over with' : 'if that claim is gone for good'}: ${remedy.handOver}`;
  throw new Refused(reason, `${what} ${whose}; ${instead}, or ${or}`);
}
