// Whose something is on a provider, where two claims of different namespaces, or clusters, may ask for it.

export const claimMarkPrefix = 'stackwright.dev/claim=';

/** To be put where an administrator of the provider sees it: a comment, a description. `owner` is the claim's namespace and name. */
export const claimMark = (owner: string): string => `${claimMarkPrefix}${owner}`;
