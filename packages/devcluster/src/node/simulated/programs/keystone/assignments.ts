// Roles of users on projects, domains and the system.
import type { Answer, Call, Routes } from '../http-api.js';
import type { Assignment, IdentityData, Target } from './data.js';
import { notFound } from './errors.js';
import { links, type Guards } from './guards.js';
import { find } from './resources.js';

type Kind = 'projects' | 'domains' | 'system';

export function assignmentRoutes(data: IdentityData, guards: Guards): Routes {
  return {
    ...routesOn(data, guards, 'projects', '/v3/projects/{target}'),
    ...routesOn(data, guards, 'domains', '/v3/domains/{target}'),
    ...routesOn(data, guards, 'system', '/v3/system'),
    'GET /v3/role_assignments': guards.admin('identity:list_role_assignments', (call) => ({
      status: 200,
      json: { role_assignments: selected(data, call), links: links(call) },
    })),
  };
}

function routesOn(data: IdentityData, { admin }: Guards, kind: Kind, prefix: string): Routes {
  const target = ({ parameters: { target: id = '' } }: Call): Target => {
    if (kind === 'system') return { system: true };
    find(data, kind, id);
    return kind === 'projects' ? { project: id } : { domain: id };
  };
  const assignment = (call: Call): Assignment => {
    const { user = '', role = '' } = call.parameters;
    find(data, 'users', user);
    find(data, 'roles', role);
    return { role, user, ...target(call) };
  };
  const existing = (call: Call): Assignment => {
    const wanted = assignment(call);
    if (!data.isAssigned(wanted)) {
      const where = wanted.project ?? wanted.domain ?? 'system';
      throw notFound(
        'role assignment with role',
        `${wanted.role}, user or group: ${wanted.user}, project, domain, or system: ${where}`,
      );
    }
    return wanted;
  };
  const one = `${prefix}/users/{user}/roles/{role}`;
  const done: Answer = { status: 204 };
  return {
    [`GET ${prefix}/users/{user}/roles`]: admin('identity:list_grants', (call) => {
      const { user = '' } = call.parameters;
      find(data, 'users', user);
      const wanted = target(call);
      const roles = data.list('roles', ({ id }) => data.isAssigned({ role: id, user, ...wanted }));
      return { status: 200, json: { roles, links: links(call) } };
    }),
    [`GET ${one}`]: admin('identity:check_grant', (call) => {
      existing(call);
      return done;
    }),
    [`PUT ${one}`]: admin('identity:create_grant', (call) => {
      data.assign(assignment(call));
      return done;
    }),
    [`DELETE ${one}`]: admin('identity:revoke_grant', (call) => {
      data.unassign(existing(call));
      return done;
    }),
  };
}

function selected(data: IdentityData, { base, query }: Call): object[] {
  const fits = (name: string, value: string | undefined): boolean => !query.has(name) || query.get(name) === value;
  const names = query.has('include_names') && query.get('include_names') !== 'false';
  const refer = (collection: 'users' | 'roles' | 'projects' | 'domains', id: string): object => {
    const row = data.get(collection, id);
    const domain = data.get('domains', row?.domain_id ?? '');
    if (!names) return { id };
    return { id, name: row?.name, ...(domain ? { domain: { id: domain.id, name: domain.name } } : {}) };
  };
  return data
    .assignments(
      ({ user, role, project, domain, system }) =>
        fits('user.id', user) &&
        fits('role.id', role) &&
        fits('scope.project.id', project) &&
        fits('scope.domain.id', domain) &&
        (!query.has('scope.system') || system === true),
    )
    .map(({ user, role, project, domain }) => {
      const path = project ? `/projects/${project}` : domain ? `/domains/${domain}` : '/system';
      return {
        role: refer('roles', role),
        user: refer('users', user),
        scope: project
          ? { project: refer('projects', project) }
          : domain
            ? { domain: refer('domains', domain) }
            : { system: { all: true } },
        links: { assignment: `${base}/v3${path}/users/${user}/roles/${role}` },
      };
    });
}
