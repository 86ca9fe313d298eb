export declare const allowedInBundles: readonly string[];
export declare const allowedForTools: readonly string[];
export declare function isAllowed(licence: unknown, allowed: readonly string[]): boolean;
