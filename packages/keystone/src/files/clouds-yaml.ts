export interface Cloud {
  /** Without a version: "http://keystone.openstack.svc:5000". */
  authUrl: string;
  region: string;
  username: string;
  password: string;
  project: string;
  /** Of user and project. Default "Default". */
  domain?: string;
  /** Certificate of Keystone's authority, in PEM, where it is not one that everybody knows. */
  ca?: string;
}

/** Where clients find that: beside clouds.yaml, where OpenStack's clients look for one. */
const caFile = '/etc/openstack/ca.crt';

/** Configuration of OpenStack clients and SDKs. JSON is YAML, and leaves no question of quoting. */
export function cloudsYaml(name: string, cloud: Cloud): string {
  const { domain = 'Default' } = cloud;
  const clouds = {
    [name]: {
      auth: {
        auth_url: `${cloud.authUrl}/v3`,
        username: cloud.username,
        password: cloud.password,
        project_name: cloud.project,
        user_domain_name: domain,
        project_domain_name: domain,
      },
      region_name: cloud.region,
      ...(cloud.ca === undefined ? {} : { cacert: caFile }),
      interface: 'internal',
      identity_api_version: 3,
    },
  };
  return `${JSON.stringify({ clouds }, undefined, 2)}\n`;
}
