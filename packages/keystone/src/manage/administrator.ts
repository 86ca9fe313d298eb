/** Whom the bootstrap makes, and as whom the controller works. */
export const administrator = {
  username: 'admin',
  project: 'admin',
  role: 'admin',
  domain: 'Default',
} as const;
