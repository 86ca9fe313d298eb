// `keystone-manage bootstrap` takes the administrator's password from an argument or from the environment only, and both
// would show it in the Pod's spec and in /proc. So a few lines of Python read it from a mounted file and hand it over
// inside the process: what is set in os.environ after the start is not in /proc/<pid>/environ.
//
// Then it does what `bootstrap` leaves out: the administrator, as whom the controller works, is no person either. With
// `[security_compliance] change_password_upon_first_use` its password would be over at once, with `password_expires_days` one day
// nothing could be changed any more, and with `lockout_failure_attempts` anybody could lock the controller out.
//
// It believes no cache, and empties it at the end: a database that takes the place of a lost one is not what the cache says of the other.
import { readFileSync } from 'node:fs';
import { userOptions } from '../claim/identity.js';
import { administrator } from './administrator.js';

export const passwordFile = '/etc/stackwright/admin-password';

const program = readFileSync(new URL('./bootstrap.py', import.meta.url), 'utf8');

/** Idempotent: creates what is missing, and sets password, options and endpoints to what is said here. URLs without a version. */
export function bootstrapCommand(options: {
  region: string;
  internalUrl: string;
  publicUrl: string;
}): readonly string[] {
  const { region, internalUrl, publicUrl } = options;
  return [
    'python3',
    '-c',
    program,
    JSON.stringify(userOptions),
    passwordFile,
    'bootstrap',
    ...['--bootstrap-username', administrator.username],
    ...['--bootstrap-project-name', administrator.project],
    ...['--bootstrap-role-name', administrator.role],
    ...['--bootstrap-service-name', 'keystone'],
    ...['--bootstrap-region-id', region],
    ...['--bootstrap-admin-url', `${internalUrl}/v3`],
    ...['--bootstrap-internal-url', `${internalUrl}/v3`],
    ...['--bootstrap-public-url', `${publicUrl}/v3`],
  ];
}
