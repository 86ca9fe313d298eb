// A Keystone that knows users, passwords, roles and a catalog. Its tokens say that they are simulated.
import type { Program, ProgramContext } from '../../program.js';
import { serveApi } from '../serve.js';
import { settingsOf, type Settings } from '../settings.js';
import { keystoneApi } from './api.js';
import { bootstrap, isBootstrap } from './bootstrap.js';
import { IdentityData } from './data.js';
import type { TokenSource } from './tokens.js';

const PORT = 5000;
const DIRECTORY = '/etc/keystone';
/** Keystone's default of `[token] expiration`, in seconds. */
const TOKEN_LIFE = 3600;

/** One Keystone, however many Pods. */
interface Identity {
  data: IdentityData;
  /** Those that serve. */
  pods: Set<TokenSource>;
}

const prefix = (namespace: string): string => `keystone/${namespace}/`;

/** Whom services in front of which the middleware stands can ask: a Pod of each Keystone of the namespace that serves. */
export const servingIn = ({ shared }: ProgramContext, namespace: string): readonly TokenSource[] =>
  shared.startingWith<Identity>(prefix(namespace)).flatMap(({ pods }) => [...pods].slice(0, 1));

function identityOf({ shared, spec }: ProgramContext, settings: Settings): Identity {
  // Not by user and password, which may change: by the server and the name of the database.
  const database = /@(.+?)(?:\?|$)/.exec(settings['database']?.['connection'] ?? '')?.[1] ?? 'none';
  return shared.of(`${prefix(spec.namespace)}${database}`, (file) => ({
    data: new IdentityData(file),
    pods: new Set(),
  }));
}

const serve: Program = async (context) => {
  const settings = settingsOf(context, DIRECTORY);
  const { data, pods } = identityOf(context, settings);
  const repository = settings['fernet_tokens']?.['key_repository'] ?? `${DIRECTORY}/fernet-keys`;
  const source: TokenSource = {
    data,
    clock: context.clock,
    life: Number(settings['token']?.['expiration'] ?? TOKEN_LIFE) * 1000,
    keyDirectory: context.path(repository.replace(/\/$/, '')),
  };
  pods.add(source);
  context.killed.addEventListener('abort', () => pods.delete(source), { once: true });
  await serveApi(keystoneApi(source), PORT, context);
  return 0;
};

export const keystone = {
  serve,
  /** What `keystone-manage` does, where that matters here. */
  task: (spec: ProgramContext['spec']): Program | undefined =>
    isBootstrap(spec) ? bootstrap((context) => identityOf(context, settingsOf(context, DIRECTORY)).data) : undefined,
};
