// Configuration as oslo.config reads it.

/** `undefined` leaves the option out; a list is a multi-valued option, one line each. */
export type OsloValue = string | number | boolean | undefined | readonly (string | number | boolean)[];

/** Section → option → value. */
export type OsloConfig = Readonly<Record<string, Readonly<Record<string, OsloValue>>>>;
