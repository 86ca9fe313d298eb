// `keystone-manage bootstrap`: the first administrator, the usual roles, Keystone's own entry in the catalog. Idempotent.
import { readFileSync } from 'node:fs';
import type { ContainerSpec } from '../../../runtime.js';
import type { Program, ProgramContext } from '../../program.js';
import type { IdentityData, Row } from './data.js';
import { change, create } from './resources.js';

/** Each has the ones after it. */
const hierarchy = ['admin', 'manager', 'member', 'reader'];
const defaults: Readonly<Record<string, string>> = {
  username: 'admin',
  'project-name': 'admin',
  'role-name': 'admin',
  'service-name': 'keystone',
};

const argumentsOf = ({ command = [], args = [] }: ContainerSpec): string[] => [...command, ...args];

export const isBootstrap = (spec: ContainerSpec): boolean => argumentsOf(spec).includes('bootstrap');

export function bootstrap(dataOf: (context: ProgramContext) => IdentityData): Program {
  return async (context) => {
    const words = argumentsOf(context.spec);
    const option = (name: string): string | undefined => {
      const at = words.indexOf(`--bootstrap-${name}`);
      return at < 0 ? defaults[name] : words[at + 1];
    };
    const password = option('password') ?? passwordFrom(context, words);
    if (password === undefined) {
      context.log('Either --bootstrap-password argument or OS_BOOTSTRAP_PASSWORD must be set.');
      return 1;
    }
    perform(dataOf(context), option, password);
    context.log('simulated: bootstrap is done');
    return 0;
  };
}

/** From the environment; or from the mounted file that stands before the subcommand, where a wrapper reads one. */
function passwordFrom({ spec, path }: ProgramContext, words: readonly string[]): string | undefined {
  const variable = spec.env.find(({ name }) => name === 'OS_BOOTSTRAP_PASSWORD');
  if (variable) return variable.value;
  const file = path(words[words.indexOf('bootstrap') - 1] ?? '');
  return file === undefined ? undefined : readFileSync(file, 'utf8');
}

function perform(data: IdentityData, option: (name: string) => string | undefined, password: string): void {
  if (!data.get('domains', 'default'))
    data.put('domains', { id: 'default', name: 'Default', enabled: true, description: 'The default domain' });
  const project = named(data, 'projects', option('project-name') ?? '', 'default');
  const user = named(data, 'users', option('username') ?? '', 'default');
  change(data, 'users', user.id, { enabled: true });
  if (!data.knowsSecret(user.id, password)) data.setSecret(user.id, password);
  const roles = [...hierarchy, 'service', option('role-name') ?? ''].map((name) => named(data, 'roles', name));
  for (const [index, role] of roles.slice(0, hierarchy.length - 1).entries()) {
    data.imply(role.id, roles[index + 1]?.id ?? '');
  }
  const role = roles.at(-1)?.id ?? '';
  data.assign({ role, user: user.id, project: project.id });
  data.assign({ role, user: user.id, system: true });
  publish(data, option);
}

function publish(data: IdentityData, option: (name: string) => string | undefined): void {
  const region = option('region-id');
  if (region !== undefined && !data.get('regions', region)) create(data, 'regions', { id: region });
  const name = option('service-name') ?? '';
  const service = data.named('services', name) ?? create(data, 'services', { name, type: 'identity' });
  for (const kind of ['public', 'internal', 'admin']) {
    const url = option(`${kind}-url`);
    if (url === undefined) continue;
    const known = data.list(
      'endpoints',
      (row) => row['service_id'] === service.id && row['interface'] === kind && row['region_id'] === (region ?? null),
    )[0];
    if (known) change(data, 'endpoints', known.id, { url });
    else
      create(data, 'endpoints', {
        service_id: service.id,
        interface: kind,
        url,
        ...(region === undefined ? {} : { region_id: region }),
      });
  }
}

const named = (data: IdentityData, collection: 'projects' | 'users' | 'roles', name: string, domain?: string): Row =>
  data.named(collection, name, domain) ?? create(data, collection, { name });
