import { expect, it } from 'vitest';
import { formatMicroTime, formatTime, parseTime } from './time.js';

it('formats times to the second, and micro times with six digits', () => {
  const time = Date.UTC(2025, 3, 1, 10, 0, 0, 7);
  expect(formatTime(time)).toBe('2025-04-01T10:00:00Z');
  expect(formatMicroTime(time)).toBe('2025-04-01T10:00:00.007000Z');
  expect(formatMicroTime(time + 0.25)).toBe('2025-04-01T10:00:00.007250Z');
  expect(parseTime('2025-04-01T10:00:00.007000Z')).toBe(time);
  expect(() => parseTime('yesterday')).toThrow(TypeError);
});
