import { describe, expect, it } from 'vitest';
import type { Logger } from '../log.js';
import { recordingLogger, type LogEntry } from '../testing/logger.js';
import { LazyLogger } from './lazy-logger.js';

function countingChildren(entries: LogEntry[], level?: 'info'): { log: Logger; children: object[] } {
  const children: object[] = [];
  const log: Logger = {
    ...recordingLogger(entries),
    child: (fields) => {
      children.push(fields);
      return recordingLogger(entries, fields);
    },
    ...(level && { isLevelEnabled: (asked) => asked !== 'debug' }),
  };
  return { log, children };
}

describe('The logger of a run', () => {
  it('is made once, when it writes its first line', () => {
    const entries: LogEntry[] = [];
    const { log, children } = countingChildren(entries, 'info');
    const lazy = new LazyLogger(log, { name: 'a' });
    lazy.debug({}, 'Reconciled');
    expect(children).toEqual([]);
    lazy.info({}, 'Wrote');
    lazy.error({ failures: 1 }, 'Reconcile failed');
    expect(children).toEqual([{ name: 'a' }]);
    expect(entries).toEqual([
      { level: 'info', message: 'Wrote', fields: { name: 'a' } },
      { level: 'error', message: 'Reconcile failed', fields: { name: 'a', failures: 1 } },
    ]);
  });

  it('gives its fields on to its children', () => {
    const entries: LogEntry[] = [];
    new LazyLogger(recordingLogger(entries), { name: 'a' }).child({ traceID: 'b' }).warn({}, 'Waited');
    expect(entries[0]?.fields).toEqual({ name: 'a', traceID: 'b' });
  });

  it('writes every level where its parent does not say which are written', () => {
    const entries: LogEntry[] = [];
    new LazyLogger(recordingLogger(entries), {}).debug({}, 'Reconciled');
    expect(entries).toHaveLength(1);
  });
});
