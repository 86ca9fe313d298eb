import { hashOf } from '@stackwright/graph';

/**
 * By which others see that a secret has changed: in names, annotations and inputs of Jobs. `salt` is as secret as what it is for,
 * a Secret's uid for instance: without it whoever sees the hash could try passwords on it. In hexadecimal, `length` characters.
 */
export const secretHash = (salt: string, secret: unknown, length?: number): string => hashOf([salt, secret], length);
