import type { Logger } from '@stackwright/core';

const nothing = () => undefined;

/** Says nothing: what a test asserts is on the API. */
export const silentLog: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
};
