import { describe, expect, it } from 'vitest';
import { lowPriority } from '../queue/work-queue.js';
import { priorityAtStart, unseenPriority } from './backlog.js';

describe('priorityAtStart', () => {
  it.each([
    ['was reconciled as it is', { metadata: { generation: 2 }, status: { observedGeneration: 2 } }, lowPriority],
    ['was changed since', { metadata: { generation: 3 }, status: { observedGeneration: 2 } }, unseenPriority],
    ['was never reconciled', { metadata: { generation: 1 } }, unseenPriority],
    ['does not say what was reconciled', { metadata: { generation: 3 }, status: {} }, lowPriority],
    ['has no generation', { metadata: {} }, lowPriority],
  ])('of an object that %s', (_what, object, priority) => {
    expect(priorityAtStart(object)).toBe(priority);
  });
});
