import { expect, it } from 'vitest';
import { codeLines, linesOf, packagesIn } from './lines.js';

it('counts what holds code, and no comment, however it is written', () => {
  const text = `// a comment
import x from 'x'; // with a comment

/**
 * of several lines
 */
const text = \`a // template
of two lines\`;
const pattern = /\\/\\*/; /* after code */
/* before */ export { x, text,
  pattern };
`;
  expect(codeLines(text)).toBe(6);
});

it('knows the packages, and tells their tests apart', () => {
  expect(packagesIn('packages')).toContain('packages/keystone');
  const { files, lines, code, tests } = linesOf('packages/keystone');
  expect(files).toBeGreaterThan(5);
  expect(lines).toBeGreaterThan(code);
  expect(tests).toBeGreaterThan(100);
});

// The measure of what services share: the plainest of them is short, with all that a service does.
it('placement is less than 250 lines', () => {
  expect(linesOf('packages/placement').lines).toBeLessThanOrEqual(250);
});
