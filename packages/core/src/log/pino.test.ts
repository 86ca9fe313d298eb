import { ApiError } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { learnSecret } from '../scrub/scrub.js';
import { createLogger, type LoggerOptions } from './pino.js';

/** As some libraries have it. */
const itself: object = { toJSON: () => itself };

function capture(options: Omit<LoggerOptions, 'destination'> = {}) {
  const text: string[] = [];
  const log = createLogger({ ...options, destination: { write: (line) => void text.push(line) } });
  return { log, text, lines: () => text.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('logs', () => {
  it('are one JSON object per line with ts, level, msg and the fields of their context', () => {
    const { log, text, lines } = capture({ fields: { module: 'keystone' } });
    log.child({ controller: 'keystone', name: 'a' }).info({ step: 'Database' }, 'Step done');
    expect(text).toHaveLength(1);
    expect(lines()[0]).toEqual({
      level: 'info',
      ts: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      module: 'keystone',
      controller: 'keystone',
      name: 'a',
      step: 'Database',
      msg: 'Step done',
    });
  });

  it('stay silent below their level', () => {
    const { log, text } = capture({ level: 'warn' });
    log.info({}, 'Hidden');
    log.warn({}, 'Shown');
    expect(text).toHaveLength(1);
  });

  it('hold no secrets: not in fields, nor in objects, nor in messages of errors and their causes', () => {
    const { log, text } = capture();
    const canary = 'hunter2-canary';
    log.info(
      { password: canary, secret: { data: { password: canary } }, request: { headers: { authorization: canary } } },
      'Fields',
    );
    log.error(
      { err: new Error(`connect mysql://root:${canary}@db/x`, { cause: new Error(`password=${canary}`) }) },
      'Error',
    );
    log.error({ err: `Authorization: Bearer ${canary}` }, 'Thrown string');
    expect(text.join('')).not.toContain(canary);
    expect(text).toHaveLength(3);
  });

  it('give a terminal no orders, whoever wrote what is told', () => {
    const { log, text, lines } = capture();
    const orders = '\u001b[2J\u009b31m\u007f\u202eevil\u2066\u2028';
    log.info({ message: orders, err: new Error(orders) }, orders);
    expect(text.join('')).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}|\u2028/u);
    expect(lines()[0]).toMatchObject({ msg: orders, message: orders });
  });

  it('name what they are about even where a secret is the same word', () => {
    learnSecret('octavia');
    const { log, lines } = capture({ fields: { module: 'octavia' } });
    log.child({ controller: 'octavia', name: 'octavia' }).info({ user: 'octavia' }, 'Denied to octavia');
    expect(lines()[0]).toMatchObject({
      module: 'octavia',
      controller: 'octavia',
      name: 'octavia',
      user: '***',
      msg: 'Denied to ***',
    });
  });

  it.each([
    ['gives itself for JSON', itself],
    ['throws', { toJSON: () => expect.fail('not for JSON') }],
    ['throws when it is looked at', Object.defineProperty({}, 'a', { enumerable: true, get: () => expect.fail('no') })],
  ])('are written whatever stands in a field, also what %s', (_what, field) => {
    const { log, lines } = capture();
    log.info({ field }, 'Said');
    expect(lines()[0]?.['msg']).toBe('Said');
  });

  it('show an API error by code, reason and message, without its stack', () => {
    const { log, lines } = capture();
    log.error(
      { err: new ApiError({ code: 422, reason: 'Invalid', message: 'spec.replicas: must be positive' }) },
      'Failed',
    );
    expect(lines()[0]?.['err']).toEqual({
      type: 'ApiError',
      code: 422,
      reason: 'Invalid',
      message: 'spec.replicas: must be positive',
    });
  });
});
