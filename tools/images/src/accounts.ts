/**
 * Users that images create themselves, with ids that never change: files on volumes belong to a number, and with
 * another number after an upgrade a service can neither read its configuration nor its data. (Debian's packages take
 * the next free id, which differs from image to image.) Services' catalogs refer to these numbers; never reuse one.
 *
 * The range 64100–64199 is free in Debian: base-passwd allocates 60000–64999 on demand and has given out nothing in
 * it. glance, nova and cinder are not here since Debian itself fixes them: 64062, 64060 and 64061.
 */
export const accounts = {
  mysql: { uid: 64100, home: '/nonexistent' },
  memcache: { uid: 64101, home: '/nonexistent' },
  keystone: { uid: 64110, home: '/var/lib/keystone' },
  /** Our own controllers. */
  stackwright: { uid: 64190, home: '/nonexistent' },
} as const satisfies Record<string, Account>;

export interface Account {
  /** User id, and id of the group of the same name. */
  uid: number;
  home: string;
}

export type AccountName = keyof typeof accounts;
