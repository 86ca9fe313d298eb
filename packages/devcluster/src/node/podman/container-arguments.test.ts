import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../runtime.js';
import { containerArguments, type Surroundings } from './container-arguments.js';

const spec: ContainerSpec = {
  podUid: 'uid-1',
  namespace: 'openstack',
  podName: 'keystone-1',
  name: 'api',
  attempt: 2,
  image: 'localhost/stackwright/keystone:2025.1',
  env: [],
  mounts: [],
  ports: [],
  supplementalGroups: [],
  readOnlyRootFilesystem: false,
  privileged: false,
  allowPrivilegeEscalation: true,
  capabilities: { add: [], drop: [] },
  tty: false,
};
const around: Surroundings = {
  clusterId: 'dev',
  host: { baseArguments: ['--ulimit=nofile=1:1'], limits: true },
  hostname: 'keystone-1',
  networkNamespace: '/run/netns/x',
  files: [{ hostPath: '/state/hosts', containerPath: '/etc/hosts' }],
  logPath: '/logs/2.log',
  imageUser: '64110:64110',
};

/** The options, and what comes after them: the image and the command's arguments. */
function run(changes: Partial<ContainerSpec>, surroundings: Partial<Surroundings> = {}) {
  const { command, ...more } = containerArguments({ ...spec, ...changes }, { ...around, ...surroundings });
  const [end, image, ...rest] = command;
  expect([end, image]).toEqual(['--', changes.image ?? spec.image]);
  return { ...more, command: rest };
}

describe("a container's arguments", () => {
  it('say whose it is, so that it is found again and removed with its cluster', () => {
    const { options } = run({});
    expect(options).toEqual(
      expect.arrayContaining([
        '--name=sw_dev_openstack_keystone-1_api_uid-1_2',
        '--label=dev.stackwright.devcluster=dev',
        '--label=dev.stackwright.pod-uid=uid-1',
        '--label=dev.stackwright.container=api',
        '--label=dev.stackwright.attempt=2',
        '--pull=never',
        '--ulimit=nofile=1:1',
      ]),
    );
  });

  it('run nothing besides the container: no HEALTHCHECK of an image', () => {
    expect(run({}).options).toContain('--no-healthcheck');
  });

  it("never show the environment's values", () => {
    const { options, env, envFile } = run({
      env: [
        { name: 'DB_PASSWORD', value: 'very secret' },
        { name: 'KEY', value: 'of\nsecret lines' },
      ],
    });
    expect(envFile).toBe('DB_PASSWORD=very secret\n');
    expect(options).toContain('--env=KEY');
    expect(env).toEqual({ KEY: 'of\nsecret lines' });
    expect(options.join(' ')).not.toContain('secret');
  });

  it.each(['-h', '--privileged', '--', '-v=/:/host', '--help=x'])(
    'take %s as the name of an image, or as an argument of its command, and never as an option of podman',
    (word) => {
      const { options, command } = run({ image: word, args: [word, '--volume=/:/host'] });
      expect(options).not.toContain(word);
      expect(command).toEqual([word, '--volume=/:/host']);
    },
  );

  it('mount a path as it is called, whatever is in it', () => {
    const mounts = ['/a:ro', '/a:/etc', '/a,dst=/etc', '/a"b', '/a\nb'].map((containerPath) => ({
      hostPath: '/pods/x',
      containerPath,
      readOnly: true,
    }));
    expect(
      run({ mounts })
        .options.filter((option) => option.startsWith('--mount'))
        .slice(1),
    ).toEqual([
      '--mount=type=bind,src=/pods/x,dst=/a:ro,ro=true',
      '--mount=type=bind,src=/pods/x,dst=/a:/etc,ro=true',
      '--mount=type=bind,src=/pods/x,"dst=/a,dst=/etc",ro=true',
      '--mount=type=bind,src=/pods/x,"dst=/a""b",ro=true',
      '--mount=type=bind,src=/pods/x,"dst=/a\nb",ro=true',
    ]);
  });

  it("keep what podman itself would read out of podman's environment", () => {
    const names = [
      'PATH',
      'HOME',
      'LD_PRELOAD',
      'CONTAINERS_CONF',
      'https_proxy',
      'NOTIFY_SOCKET',
      'GODEBUG',
      'GLIBC_TUNABLES',
      'GCONV_PATH',
      'XDG_RUNTIME_DIR',
    ];
    const { env, envFile } = run({ env: names.map((name) => ({ name, value: 'v' })) });
    expect(env).toEqual({});
    expect(envFile).toBe(names.map((name) => `${name}=v\n`).join(''));
    const lines = run({ env: names.map((name) => ({ name, value: 'v\nw' })) });
    expect(lines.env).toEqual({});
    expect(lines.options).toEqual(expect.arrayContaining(names.map((name) => `--env=${name}=v\nw`)));
  });

  it.each(['#a', ' a', 'a b', '-x', '*'])('give the variable "%s" as it is called', (name) => {
    const { options, envFile } = run({ env: [{ name, value: 'v' }] });
    expect(envFile).toBe('');
    expect(options).toContain(`--env=${name}=v`);
  });

  it('replace the entry point by the command, and leave it when there are only arguments', () => {
    expect(run({ command: ['sh', '-c'], args: ['exit "1"'] })).toMatchObject({
      options: expect.arrayContaining(['--entrypoint=["sh","-c"]']) as string[],
      command: ['exit "1"'],
    });
    const only = run({ args: ['-v'] });
    expect(only.command).toEqual(['-v']);
    expect(only.options.join(' ')).not.toContain('--entrypoint');
  });

  it('carry the security context', () => {
    const { options } = run({
      user: 64110,
      group: 64111,
      supplementalGroups: [5000],
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    });
    expect(options).toEqual(
      expect.arrayContaining([
        '--user=64110:64111',
        '--group-add=5000',
        '--read-only',
        '--read-only-tmpfs=false',
        '--security-opt=no-new-privileges',
        '--cap-drop=all',
        '--cap-add=NET_BIND_SERVICE',
      ]),
    );
    expect(run({ privileged: true, allowPrivilegeEscalation: false }).options).not.toContain(
      '--security-opt=no-new-privileges',
    );
  });

  it("keep the image's user when only a group is given", () => {
    expect(run({ group: 7 }).options).toContain('--user=64110:7');
    expect(run({ group: 7 }, { imageUser: '' }).options).toContain('--user=0:7');
    expect(run({}).options.some((option) => option.startsWith('--user'))).toBe(false);
  });

  it('limit memory without swap and CPU, where the host can', () => {
    const limited = { memoryLimitBytes: 1000, cpuLimit: 0.5 };
    expect(run(limited).options).toEqual(
      expect.arrayContaining(['--memory=1000b', '--memory-swap=1000b', '--cpus=0.5']),
    );
    const without = run(limited, { host: { baseArguments: [], limits: false } });
    expect(without.options.some((option) => /--(memory|cpus)/.test(option))).toBe(false);
  });

  it("mount volumes and the Pod's files", () => {
    const { options } = run({ mounts: [{ hostPath: '/v', containerPath: '/data', readOnly: true }] });
    expect(options).toEqual(
      expect.arrayContaining([
        '--mount=type=bind,src=/state/hosts,dst=/etc/hosts',
        '--mount=type=bind,src=/v,dst=/data,ro=true',
      ]),
    );
  });

  it('share the processes of another container', () => {
    expect(run({}, { pidNamespace: '/proc/7/ns/pid' }).options).toContain('--pid=ns:/proc/7/ns/pid');
    expect(run({ stdin: true, tty: true }).options).toEqual(expect.arrayContaining(['--interactive', '--tty']));
    expect(run({}).options.some((option) => /--(pid|interactive|tty)/.test(option))).toBe(false);
  });

  it("leave the host's network as it is", () => {
    const { options } = run({}, { networkNamespace: undefined });
    expect(options).toContain('--network=host');
    expect(options.some((option) => option.startsWith('--hostname'))).toBe(false);
  });
});
