// `keystone-manage bootstrap` takes the administrator's password from an argument or from the environment only, and both
// would show it in the Pod's spec and in /proc. So a few lines of Python read it from a mounted file and hand it over
// inside the process: what is set in os.environ after the start is not in /proc/<pid>/environ.
export const passwordFile = '/etc/stackwright/admin-password';

const program = `
import os, sys
from keystone.cmd.manage import main
with open(sys.argv.pop(1)) as file:
    os.environ['OS_BOOTSTRAP_PASSWORD'] = file.read()
main()
`.trim();

export const administrator = {
  username: 'admin',
  project: 'admin',
  role: 'admin',
  domain: 'Default',
} as const;

/** Idempotent: creates what is missing, and sets password and endpoints to what is said here. URLs without a version. */
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
