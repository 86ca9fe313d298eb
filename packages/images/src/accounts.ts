/**
 * Users that images create themselves, with ids that never change: files on volumes belong to a number, and with
 * another number after an upgrade a service can neither read its configuration nor its data. (Debian's packages take
 * the next free id, which differs from image to image.) Services' catalogs refer to these numbers; never reuse one.
 *
 * The range 64100–64199 is free in Debian: base-passwd allocates 60000–64999 on demand and has given out nothing in
 * it. Where Debian itself fixes a number, it is Debian's: glance 64062, cinder 64061, and nova 64060 when it comes.
 */
export const accounts = {
  mysql: { uid: 64100, home: '/nonexistent' },
  memcache: { uid: 64101, home: '/nonexistent' },
  rabbitmq: { uid: 64102, home: '/var/lib/rabbitmq' },
  keystone: { uid: 64110, home: '/var/lib/keystone' },
  placement: { uid: 64111, home: '/var/lib/placement' },
  glance: { uid: 64062, home: '/var/lib/glance' },
  cinder: { uid: 64061, home: '/var/lib/cinder' },
  /** Our own controllers. */
  stackwright: { uid: 64190, home: '/nonexistent' },
} as const satisfies Record<string, Account>;

export interface Account {
  /** User id, and id of the group of the same name. */
  uid: number;
  home: string;
}

export type AccountName = keyof typeof accounts;
