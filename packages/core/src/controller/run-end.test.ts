import { describe, expect, it } from 'vitest';
import { RunEnd } from './run-end.js';

describe('The end of a run', () => {
  it('reaches who asked for the signal before it', () => {
    const end = new RunEnd();
    const { signal } = end;
    end.abort('late');
    expect(signal).toMatchObject({ aborted: true, reason: 'late' });
    expect(end.signal).toBe(signal);
  });

  it('reaches who asks for the signal after it', () => {
    const end = new RunEnd();
    expect(end.reason).toBeUndefined();
    end.abort('late');
    end.abort('later');
    expect(end.reason).toBe('late');
    expect(end.signal).toMatchObject({ aborted: true, reason: 'late' });
  });
});
