// Whatever a user writes into a Pod, podman's options are those that this node gives, and the container gets what was written.
import { expect, it } from 'vitest';
import { Chance, fuzzTimeout, seeds } from '../../testing/chance.js';
import type { ContainerSpec } from '../runtime.js';
import { containerArguments, type Surroundings } from './container-arguments.js';

const WORDS = [
  '-h',
  '--',
  '--privileged',
  '-v=/:/host',
  '--volume=/:/host',
  '--env-file=/etc/shadow',
  '--pid=host',
  '=',
  '',
  ' ',
  'a',
  'A_B',
  'x=y',
  ',',
  '"',
  '""',
  "'",
  ':',
  ':ro',
  '/',
  '/etc',
  '..',
  '\n',
  '\r\n',
  '\\',
  '$(PATH)',
  '${HOME}',
  '*',
  '#',
  '%',
  'ß',
  '\u2028',
  'dst=/etc',
  'src=/',
  'LD_PRELOAD',
  'PATH',
  'CONTAINERS_CONF',
  'https_proxy',
  '/a,dst=/b',
  'type=bind',
  '{"a":1}',
  '[',
  '\t',
] as const;

const around: Surroundings = {
  clusterId: 'dev',
  host: { baseArguments: ['--ulimit=nofile=1:1'], limits: true },
  hostname: 'h',
  networkNamespace: '/run/netns/x',
  files: [{ hostPath: '/state/hosts', containerPath: '/etc/hosts' }],
  logPath: '/logs/2.log',
  imageUser: '',
};

const OPTIONS = new Set(
  `name label pull restart systemd sdnotify http-proxy no-healthcheck ulimit read-only-tmpfs network hostname no-hosts mount log-driver log-opt user
  group-add read-only privileged cap-drop cap-add security-opt memory memory-swap cpus env workdir interactive tty entrypoint`.split(
    /\s+/,
  ),
);

function specOf(chance: Chance): ContainerSpec {
  const text = () => chance.some(WORDS, 4).join('');
  const list = <T>(make: () => T) => Array.from({ length: chance.below(4) }, make);
  return {
    ...{ podUid: text(), namespace: text(), podName: text(), name: text(), attempt: chance.below(3), image: text() },
    ...(chance.hits(0.7) ? { command: list(text) } : {}),
    ...(chance.hits(0.7) ? { args: list(text) } : {}),
    ...(chance.hits(0.3) ? { workingDir: text() } : {}),
    // The API server refuses a name that is empty, or has an equals sign.
    env: list(() => ({ name: text().replaceAll('=', '') || 'E', value: text() })),
    mounts: list(() => ({ hostPath: text(), containerPath: text(), readOnly: chance.hits(0.5) })),
    ports: [],
    supplementalGroups: list(() => chance.below(9)),
    readOnlyRootFilesystem: chance.hits(0.5),
    privileged: false,
    allowPrivilegeEscalation: chance.hits(0.5),
    capabilities: { add: list(text), drop: list(text) },
    tty: chance.hits(0.5),
  };
}

/** As encoding/csv, by which podman reads `--mount`. */
function csv(text: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= text.length;) {
    let field = '';
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
        expect(at).toBeLessThan(text.length);
        if (text[at] === '"') at += 1;
        field += text[at] ?? '';
      }
      at += 1;
    } else for (; at < text.length && text[at] !== ','; at += 1) field += text[at] ?? '';
    fields.push(field);
    at += 1;
  }
  return fields;
}

it('options are never made by the text of a Pod, which arrives as it was written', { timeout: fuzzTimeout }, () => {
  for (const seed of seeds(60)) {
    const spec = specOf(new Chance(seed));
    const { options, command, envFile, env } = containerArguments(spec, around);
    const shown = `seed ${seed}: ${JSON.stringify(spec)}`;
    for (const option of options) {
      expect(OPTIONS, shown).toContain(/^--([a-z-]+)(?:=|$)/.exec(option)?.[1]);
      expect(option, shown).not.toMatch(/^--(privileged|pid|network=host)/);
    }
    expect(command, shown).toEqual(['--', spec.image, ...(spec.args ?? [])]);
    const mounts = options.filter((option) => option.startsWith('--mount=')).slice(1);
    expect(
      mounts.map((option) => csv(option.slice('--mount='.length))),
      shown,
    ).toEqual(
      spec.mounts.map(({ hostPath, containerPath, readOnly }) => [
        ...['type=bind', `src=${hostPath}`, `dst=${containerPath}`],
        ...(readOnly ? ['ro=true'] : []),
      ]),
    );
    // Of a name that comes twice the last one holds, wherever it is.
    const told = [...envFile.split('\n').filter(Boolean), ...options.filter((option) => option.startsWith('--env='))];
    expect(told, shown).toHaveLength(spec.env.length);
    for (const { name, value } of spec.env) {
      const whole = `${name}=${value}`;
      const values = [
        envFile.includes(`${whole}\n`),
        options.includes(`--env=${whole}`),
        options.includes(`--env=${name}`),
      ];
      expect(values.filter(Boolean).length, shown).toBeGreaterThan(0);
      if (values[2]) expect(env, shown).toHaveProperty([name]);
    }
    for (const name of ['PATH', 'LD_PRELOAD', 'CONTAINERS_CONF', 'https_proxy'])
      expect(env, shown).not.toHaveProperty([name]);
  }
});
