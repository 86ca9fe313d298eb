import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogOptions, Mount } from '../runtime.js';
import { SimulatedRuntime } from './runtime.js';
import { TestNode } from './testing.js';

let node: TestNode;
let directory: string;
let runtime: SimulatedRuntime;
const run: TestNode['run'] = (...given) => node.run(...given);
const ended: TestNode['ended'] = (...given) => node.ended(...given);
beforeEach(async () => {
  node = await TestNode.start();
  ({ directory, runtime } = node);
});
afterEach(() => node.stop());

async function logsOf(id: string, options: LogOptions): Promise<string> {
  let text = '';
  for await (const piece of runtime.logs(id, options)) text += piece;
  return text;
}

describe('the simulated MariaDB', () => {
  const connections: Connection[] = [];
  afterEach(() => connections.splice(0).forEach((connection) => connection.destroy()));

  const connect = async (host: string, user: string, password: string): Promise<Connection> => {
    const connection = await createConnection({ host, user, password, charset: 'utf8mb4' });
    connections.push(connection);
    return connection;
  };

  async function start(podUid: string, rootPassword = 'root pw'): Promise<string> {
    await mkdir(join(directory, 'data'), { recursive: true });
    await mkdir(join(directory, 'config'), { recursive: true });
    await writeFile(
      join(directory, 'config/init.sql'),
      [
        `CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '${rootPassword}';`,
        `ALTER USER 'root'@'%' IDENTIFIED BY '${rootPassword}';`,
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;",
        "DELETE FROM mysql.global_priv WHERE User = '';",
        'FLUSH PRIVILEGES;',
      ].join('\n'),
    );
    const mounts: Mount[] = [
      { hostPath: join(directory, 'data'), containerPath: '/var/lib/mysql', readOnly: false },
      { hostPath: join(directory, 'config'), containerPath: '/etc/mysql-cfg', readOnly: true },
    ];
    const { ip } = await run({
      podUid,
      image: 'localhost/stackwright/mariadb:11.8',
      command: ['mariadbd', '--init-file=/etc/mysql-cfg/init.sql'],
      ports: [{ containerPort: 3306, protocol: 'TCP' }],
      mounts,
    });
    return ip;
  }

  it('makes databases and users, and keeps them in its volume when another Pod takes over', async () => {
    const root = await connect(await start('a'), 'root', 'root pw');
    await root.query('CREATE DATABASE ?? CHARACTER SET utf8mb4 COMMENT ?', ['keystone', 'stackwright.dev/claim=x']);
    await root.query("CREATE USER ?@'%' IDENTIFIED BY ?", ['key_stone', "it's"]);
    await root.query("GRANT ALL PRIVILEGES ON ??.* TO ?@'%'", ['key\\_stone', 'key_stone']);
    await runtime.removeSandbox('a');

    const ip = await start('b', 'another pw');
    const user = await connect(ip, 'key_stone', "it's");
    const [grants] = await user.query('SHOW GRANTS');
    expect((grants as Record<string, string>[]).map((row) => Object.values(row)[0])).toEqual([
      'GRANT USAGE ON *.* TO `key_stone`@`%`',
      'GRANT ALL PRIVILEGES ON `key\\_stone`.* TO `key_stone`@`%`',
    ]);
    const again = await connect(ip, 'root', 'another pw');
    const [rows] = await again.query(
      'SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
      ['keystone'],
    );
    expect(rows).toEqual([{ comment: 'stackwright.dev/claim=x' }]);
    const look =
      'SELECT TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?';
    expect((await again.query(look, ['keystone', 'noted']))[0]).toEqual([]);
    const make = 'CREATE OR REPLACE TABLE ??.?? (id INT NOT NULL PRIMARY KEY) COMMENT = ?';
    await again.query(make, ['keystone', 'noted', 'id=1 - (kept)']);
    expect((await again.query(look, ['keystone', 'noted']))[0]).toEqual([{ comment: 'id=1 - (kept)' }]);
    await again.query('DROP DATABASE IF EXISTS ??', ['keystone']);
    await again.query("DROP USER IF EXISTS ?@'%'", ['key_stone']);
    const [none] = await again.query('SHOW DATABASES');
    expect(none).toEqual([]);
  });

  it('refuses a wrong password, a taken name, and what does not exist', async () => {
    const ip = await start('a');
    await expect(connect(ip, 'root', 'wrong')).rejects.toMatchObject({ errno: 1045 });
    await expect(connect(ip, 'nobody', 'x')).rejects.toMatchObject({ errno: 1045 });
    const root = await connect(ip, 'root', 'root pw');
    await root.query('CREATE DATABASE nova');
    await expect(root.query('CREATE DATABASE nova')).rejects.toMatchObject({ errno: 1007 });
    await expect(root.query("ALTER USER 'nova'@'%' IDENTIFIED BY 'x'")).rejects.toMatchObject({ errno: 1396 });
    const [version] = await root.query('SELECT VERSION() AS version');
    expect(version).toEqual([{ version: '11.8.6-MariaDB-simulated' }]);
  });
});

describe('our own controllers on the simulated node', () => {
  const command = ['node', '/opt/stackwright/keystone/main.js'];
  const bundle = async (source: string): Promise<void> => {
    await mkdir(join(directory, 'packages/keystone/dist'), { recursive: true });
    await writeFile(join(directory, 'packages/keystone/dist/main.js'), source);
    await tagged('keystone', 'layer:service');
  };
  const tagged = async (name: string, tag: string): Promise<void> => {
    await mkdir(join(directory, 'packages', name), { recursive: true });
    await writeFile(join(directory, 'packages', name, 'package.json'), JSON.stringify({ nx: { tags: [tag] } }));
  };

  it('take nothing from their Pod that would change which program they are, or whom they speak to', async () => {
    await bundle('console.log(JSON.stringify(process.env)); process.exit(0);');
    const script = join(directory, 'script.cjs');
    await writeFile(script, "console.log('taken over');");
    const certificates = join(directory, 'certificates');
    const env = {
      NODE_OPTIONS: `--require ${script}`,
      NODE_EXTRA_CA_CERTS: script,
      NODE_PATH: directory,
      LD_PRELOAD: script,
      LD_LIBRARY_PATH: directory,
      OPENSSL_CONF: script,
      PATH: directory,
      HOME: directory,
      TMPDIR: directory,
      KUBECONFIG: script,
      KUBERNETES_SERVICE_HOST: '192.0.2.1',
      HTTPS_PROXY: 'http://192.0.2.1',
      https_proxy: 'http://192.0.2.1',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://192.0.2.1',
      BIND_ADDRESS: '0.0.0.0',
      WEBHOOK_CERT_DIR: '/certs/../../etc',
      METRICS_CERT_DIR: '/certs/metrics',
      POD_NAMESPACE: 'openstack',
      HTTP_PORT: '8080',
      __proto__x: 'x',
    };
    const { ip, status } = await run({
      command,
      env: Object.entries(env).map(([name, value]) => ({ name, value })),
      mounts: [{ hostPath: certificates, containerPath: '/certs', readOnly: true }],
    });
    expect((await ended(status.id)).state).toMatchObject({ exitCode: 0 });
    const seen = JSON.parse(await logsOf(status.id, {})) as Record<string, string>;
    const { PATH, TMPDIR } = process.env;
    expect(seen).toEqual({
      PATH,
      ...(TMPDIR ? { TMPDIR } : {}),
      POD_NAMESPACE: 'openstack',
      HTTP_PORT: '8080',
      METRICS_CERT_DIR: join(certificates, 'metrics'),
      BIND_ADDRESS: ip,
      KUBECONFIG: expect.stringContaining(join(directory, 'controllers')) as string,
    });
  });

  it.each(['devcluster', 'cli', 'unknown'])('are none but controllers: %s is not run', async (name) => {
    await mkdir(join(directory, 'packages', name, 'dist'), { recursive: true });
    await writeFile(join(directory, 'packages', name, 'dist/main.js'), 'process.exit(0)');
    if (name !== 'unknown') await tagged(name, `layer:${name}`);
    await expect(run({ command: ['node', `/opt/stackwright/${name}/main.js`] })).rejects.toMatchObject({
      reason: 'CreateContainerError',
      message: expect.stringContaining('no controller of this repository') as string,
    });
  });

  it('leave nothing behind when the cluster was killed', async () => {
    await bundle('setInterval(() => undefined, 1000); console.log(1);');
    const { status } = await run({ command });
    for await (const line of runtime.logs(status.id, { follow: new AbortController().signal })) if (line) break;
    expect(await readdir(join(directory, 'controllers'))).toHaveLength(1);
    await new SimulatedRuntime({ directory }).start();
    await ended(status.id);
    await expect(readdir(join(directory, 'controllers'))).rejects.toThrow('ENOENT');
  });

  it('are processes of the host, as their ServiceAccount, with nothing of the environment but their own', async () => {
    await bundle(`
      const { readFileSync } = require('node:fs');
      console.log(readFileSync(process.env.KUBECONFIG, 'utf8'));
      console.log(JSON.stringify(Object.keys(process.env).sort()));
      process.exit(3);
    `);
    const token = join(directory, 'token');
    await mkdir(token);
    await writeFile(join(token, 'namespace'), 'openstack\n');
    process.env['SECRET_OF_THE_HOST'] = 'x';
    const { status } = await run({
      command,
      env: [{ name: 'POD_NAMESPACE', value: 'openstack' }],
      mounts: [{ hostPath: token, containerPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
    });
    expect((await ended(status.id)).state).toMatchObject({ exitCode: 3 });
    const [config = '', names = ''] = (await logsOf(status.id, {})).split('\n');
    expect(JSON.parse(config)).toMatchObject({
      clusters: [{ cluster: { server: 'http://127.0.0.1:1' } }],
      users: [{ user: { tokenFile: join(token, 'token') } }],
      contexts: [{ context: { namespace: 'openstack' } }],
    });
    expect(JSON.parse(names)).toEqual(expect.arrayContaining(['KUBECONFIG', 'POD_NAMESPACE']));
    expect(names).not.toContain('SECRET_OF_THE_HOST');
  });

  it('end when they are told to, or else', async () => {
    await bundle(
      "process.on('SIGTERM', () => process.exit(0)); setInterval(() => undefined, 1000); console.log('up');",
    );
    const first = (await run({ command })).status;
    for await (const line of runtime.logs(first.id, { follow: new AbortController().signal }))
      if (line === 'up\n') break;
    await runtime.stopContainer(first.id, 10);
    expect((await ended(first.id)).state).toMatchObject({ exitCode: 0 });

    await bundle("process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000); console.log('up');");
    const second = (await run({ command, attempt: 1 })).status;
    for await (const line of runtime.logs(second.id, { follow: new AbortController().signal }))
      if (line === 'up\n') break;
    await runtime.stopContainer(second.id, 0);
    expect((await ended(second.id)).state).toMatchObject({ exitCode: 137 });
  });

  it('do not outlive a devcluster that was killed by more than its next start', async () => {
    await bundle('setInterval(() => undefined, 1000); console.log(process.pid);');
    const { status } = await run({ command });
    let pid = 0;
    for await (const line of runtime.logs(status.id, { follow: new AbortController().signal })) {
      pid = Number(line);
      break;
    }
    expect(() => process.kill(pid, 0)).not.toThrow();
    await new SimulatedRuntime({ directory }).start();
    expect((await ended(status.id)).state).toMatchObject({ exitCode: 137 });
  });

  it('say so when they have not been built', async () => {
    await tagged('keystone', 'layer:service');
    await expect(run({ command })).rejects.toMatchObject({
      reason: 'CreateContainerError',
      message: expect.stringContaining('npm run build') as string,
    });
  });
});

describe('the simulated node', () => {
  it('gives Pods addresses of their own', async () => {
    const ips = await Promise.all(['a', 'b', 'c'].map(async (podUid) => (await run({ podUid })).ip));
    expect(new Set(ips).size).toBe(3);
    for (const ip of ips) expect(ip).toMatch(/^127\.\d+\.\d+\.\d+$/);
  });

  it('runs a container once, however often it is asked to', async () => {
    const { status } = await run({ ports: [{ containerPort: 80, protocol: 'TCP' }] });
    expect((await run({ ports: [{ containerPort: 80, protocol: 'TCP' }] })).status.id).toBe(status.id);
  });

  it('keeps the last lines of a log', async () => {
    runtime.script.when({}, { exitCode: 1, logs: ['one', 'two', 'three'] });
    const { status } = await run({});
    await ended(status.id);
    expect(await logsOf(status.id, { tailLines: 2 })).toBe('two\nthree\n');
    expect(await logsOf(status.id, { limitBytes: 5 })).toBe('one\nt');
    expect(await logsOf(status.id, { timestamps: true, tailLines: 1 })).toMatch(/^\d{4}-.*Z three\n$/);
  });
});
