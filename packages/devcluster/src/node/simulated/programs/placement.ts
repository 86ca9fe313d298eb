// As much of placement as shows that it stands: its version to everybody, resource classes to whoever has a token.
import type { Program } from '../program.js';
import { authtoken } from './authtoken.js';
import { httpApi, type Answer } from './http-api.js';
import { serveApi } from './serve.js';
import { settingsOf } from './settings.js';

const PORT = 8778;
/** The first few of os-resource-classes. */
const resourceClasses = ['VCPU', 'MEMORY_MB', 'DISK_GB', 'PCI_DEVICE', 'SRIOV_NET_VF', 'IPV4_ADDRESS', 'VGPU', 'PCPU'];
/** Since this microversion there are resource classes. */
const FIRST_WITH_CLASSES = 2;

export const placement: Program = async (context) => {
  const signedIn = authtoken(context, settingsOf(context, '/etc/placement'));
  const ok = (json: object): Answer => ({ status: 200, json });
  const api = httpApi(
    {
      'GET /': () =>
        ok({ versions: [{ id: 'v1.0', status: 'CURRENT', min_version: '1.0', max_version: '1.39', links: [] }] }),
      'GET /resource_providers': signedIn(() => ok({ resource_providers: [] })),
      'GET /resource_classes': signedIn(({ headers }) => {
        const [, minor = '0'] = /placement 1\.(\d+)/.exec(String(headers['openstack-api-version'] ?? '')) ?? [];
        if (Number(minor) < FIRST_WITH_CLASSES) return notFound;
        return ok({ resource_classes: resourceClasses.map((name) => ({ name, links: [] })) });
      }),
    },
    signedIn(() => notFound),
  );
  await serveApi(api, PORT, context);
  return 0;
};

const notFound: Answer = {
  status: 404,
  json: { errors: [{ status: 404, title: 'Not Found', detail: 'The resource could not be found.' }] },
};
