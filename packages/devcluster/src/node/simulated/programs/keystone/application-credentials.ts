// Credentials that a user makes for programs: for one project, with some of the user's roles there.
import { isObject, type Routes } from '../http-api.js';
import { newId, type ApplicationCredential, type IdentityData } from './data.js';
import { badRequest, conflict, mayNot, notFound } from './errors.js';
import { entity, links, type Guards } from './guards.js';
import { rolesOf } from './tokens.js';

export function applicationCredentialRoutes(data: IdentityData, { self, signedIn }: Guards): Routes {
  const path = '/v3/users/{user}/application_credentials';
  const find = (user = '', id = ''): ApplicationCredential => {
    const found = data.credential(id);
    if (found?.user_id !== user) throw notFound('application credential', id);
    return found;
  };
  return {
    [`GET ${path}`]: self('identity:list_application_credentials', (call) => ({
      status: 200,
      json: {
        application_credentials: data
          .credentialsOf(call.parameters['user'] ?? '')
          .filter(({ name }) => !call.query.has('name') || call.query.get('name') === name),
        links: links(call),
      },
    })),
    [`GET ${path}/{id}`]: self('identity:get_application_credential', ({ parameters: { user, id } }) => ({
      status: 200,
      json: { application_credential: find(user, id) },
    })),
    [`DELETE ${path}/{id}`]: self('identity:delete_application_credential', ({ parameters: { user, id } }) => {
      data.removeCredential(find(user, id).id);
      return { status: 204 };
    }),
    // Not even an administrator makes one for somebody else.
    [`POST ${path}`]: signedIn(({ body, parameters: { user = '' } }, caller) => {
      const given = entity(body, 'application_credential');
      const project = caller.target.project;
      if (caller.user !== user || project === undefined || caller.applicationCredential !== undefined)
        throw mayNot('identity:create_application_credential');
      const name = given['name'];
      if (typeof name !== 'string') throw badRequest("'name' is a required property");
      if (data.credentialsOf(user).some((other) => other.name === name))
        throw conflict('application_credential', `Duplicate entry found with name ${name}`);
      const has = rolesOf(data, caller).map(({ id, name: role = '' }) => ({ id, name: role }));
      const asked = Array.isArray(given['roles']) ? given['roles'].filter(isObject) : undefined;
      const roles = asked?.map(
        (wanted) =>
          has.find((role) => role.id === wanted['id'] || role.name === wanted['name']) ??
          refuse(badRequest('Invalid application credential: it asks for a role that the user does not have')),
      );
      const secret = typeof given['secret'] === 'string' ? given['secret'] : newId();
      const credential: ApplicationCredential = {
        id: newId(),
        name,
        description: given['description'] ?? null,
        user_id: user,
        project_id: project,
        roles: roles ?? has,
        unrestricted: given['unrestricted'] ?? false,
        expires_at: given['expires_at'] ?? null,
      };
      data.putCredential(credential, secret);
      return { status: 201, json: { application_credential: { ...credential, secret } } };
    }),
  };
}

function refuse(error: Error): never {
  throw error;
}
