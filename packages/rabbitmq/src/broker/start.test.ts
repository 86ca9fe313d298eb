// The script that a broker starts with, with programs that stand for RabbitMQ's.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { paths, startCommand } from './files.js';

let root: string;
const at = (path: string): string => join(root, path);
const program = (name: string, script: string) =>
  writeFileSync(at(`programs/${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'broker-'));
  for (const directory of ['config', 'data', 'run', 'programs']) mkdirSync(at(directory));
  writeFileSync(at('config/erlang.cookie'), 'a cookie');
  program('rabbitmq-server', `echo started; touch ${at('started')}`);
  program('rabbitmqctl', `echo "$*" >> ${at('asked')}`);
  program('sleep', '');
});
afterEach(() => rmSync(root, { recursive: true }));

const domain = 'rabbitmq-pods.ns';
const node = (index: number): string => `rabbit@rabbitmq-${index}.${domain}`;

function start(index: number, more: Readonly<Record<string, string>> = {}) {
  const [shell = '', ...words] = [
    ...startCommand.slice(0, -4),
    ...['config', 'data', 'run', 'programs'].map((directory) => at(directory)),
  ];
  const env = {
    PATH: `${at('programs')}:${process.env['PATH'] ?? ''}`,
    POD_NAME: `rabbitmq-${index}`,
    RABBITMQ_NODENAME: node(index),
    ...more,
  };
  const { status, stdout, stderr } = spawnSync(shell, words, { env });
  return { status, said: `${stdout.toString()}${stderr.toString()}` };
}
const text = (path: string): string => readFileSync(at(path), 'utf8');

it('is given the directories of the container', () => {
  expect(startCommand.slice(-4)).toEqual([paths.config, paths.data, paths.run, paths.programs]);
  expect([paths.inetrc, paths.moreConfig, paths.environment]).toEqual(
    ['inetrc', 'conf.d', 'env.conf'].map((file) => `${paths.run}/${file}`),
  );
});

it('the first broker starts by itself, with a cookie that nobody else can read', () => {
  expect(start(0)).toEqual({ status: 0, said: 'started\n' });
  expect(text('run/.erlang.cookie')).toBe('a cookie');
  expect(statSync(at('run/.erlang.cookie')).mode & 0o777).toBe(0o600);
  expect(text('run/conf.d/peers.conf').trimEnd().split('\n')).toEqual([
    'cluster_formation.peer_discovery_backend = classic_config',
    `cluster_formation.classic_config.nodes.1 = ${node(0)}`,
  ]);
  expect(text('run/inetrc')).toBe(`{host, {127,0,0,1}, ["rabbitmq-0.${domain}"]}.\n{lookup, [file, native]}.\n`);
});

it('speaks the family of its Pod with the others', () => {
  start(0, { POD_IP: '10.1.0.2' });
  expect(text('run/env.conf')).toBe('');
  start(0, { POD_IP: 'fd00::2' });
  expect(text('run/inetrc')).toBe(
    `{inet6, true}.\n{host, {0,0,0,0,0,0,0,1}, ["rabbitmq-0.${domain}"]}.\n{lookup, [file, native]}.\n`,
  );
  expect(text('run/env.conf').split('\n').slice(0, 2)).toEqual([
    'SERVER_ADDITIONAL_ERL_ARGS="-proto_dist inet6_tcp"',
    'CTL_ERL_ARGS="-proto_dist inet6_tcp"',
  ]);
});

it('another one waits for the first before it starts for the first time', () => {
  program('rabbitmqctl', `echo "$*" >> ${at('asked')}; [ "$(wc -l < ${at('asked')})" -ge 3 ]`);
  const waits = `waits for ${node(0)}, to join its cluster\n`;
  expect(start(2)).toEqual({ status: 0, said: `${waits}${waits}started\n` });
  expect(text('asked').split('\n')[0]).toBe(`--node ${node(0)} await_startup --timeout 60`);
  expect(text('run/conf.d/peers.conf')).toContain(`nodes.2 = ${node(2)}\n`);
});

it('one that has data knows its cluster, and waits for nobody', () => {
  program('rabbitmqctl', 'exit 1');
  mkdirSync(at(`data/mnesia/${node(1)}`), { recursive: true });
  expect(start(1)).toEqual({ status: 0, said: 'started\n' });
});

it('starts again after its container was replaced', () => {
  start(0);
  writeFileSync(at('config/erlang.cookie'), 'another');
  expect(start(0).status).toBe(0);
  expect(text('run/.erlang.cookie')).toBe('another');
});
