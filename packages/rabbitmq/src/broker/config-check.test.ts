// The program that shows keys to a broker of the image, with programs that stand for RabbitMQ's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configCheckProgram } from './files.js';

let scratch: string;
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'check-'))));
afterEach(() => rmSync(scratch, { recursive: true }));

/** What a broker that says so makes of the program. */
function check(broker: string) {
  writeFileSync(join(scratch, 'rabbitmq-server'), `#!/bin/sh\n${broker}\n`, { mode: 0o755 });
  const program = configCheckProgram.replace('/usr/lib/rabbitmq/bin', scratch);
  const { status, stdout } = spawnSync('sh', ['-c', program, 'check', '65', scratch, 'heartbeat = 30', 'a = b'], {
    encoding: 'utf8',
  });
  return { status, stdout };
}

it('ends well when the broker has read its configuration, and ends the broker', () => {
  expect(check('echo "[info] <0.1.0> Starting RabbitMQ 4.0.5"; exec sleep 60')).toEqual({ status: 0, stdout: '' });
  expect(readFileSync(join(scratch, 'rabbitmq.conf'), 'utf8')).toBe('listeners.tcp = none\nheartbeat = 30\na = b\n');
});

it('says what the broker says is wrong, and no more', () => {
  const said = [
    "You've tried to set heartbeet, but there is no setting with that name.",
    'Error preparing configuration in phase transform_datatypes:',
    '  - Conf file attempted to set unknown variable: heartbeet',
    'BOOT FAILED',
    '  - something of Erlang',
  ];
  const lines = said.map((line) => `echo "2026-01-01 00:00:00.1+00:00 [error] <0.154.0> ${line}"`);
  expect(check(lines.join('\n'))).toEqual({
    status: 65,
    stdout: 'Conf file attempted to set unknown variable: heartbeet\n',
  });
});

it('is tried again where the broker ends for another reason', () => {
  expect(check('echo "no space left on device"; exit 1')).toEqual({ status: 1, stdout: 'no space left on device\n' });
});
