import { expect, it } from 'vitest';
import { withCode } from './included-code.js';

const block = (what: string, content: string) => `<!-- code: ${what} -->\n\n\`\`\`ts\n${content}\n\`\`\`\n`;

it('shows a file, or one declaration of it with what is said above it', () => {
  expect(withCode(block('packages/placement/src/main.ts', 'old'))).toContain(
    'await runModule(placement, stackwright);',
  );
  const shown = withCode(block('tools/docs/src/included-code.ts withCode', 'old'));
  expect(shown).toMatch(/```ts\n\/\*\* The page with the code as it is now/);
  expect(shown).not.toContain('function linesTable');
});

it('fails where there is nothing to show', () => {
  expect(() => withCode(block('packages/placement/src/main.ts nothing', ''))).toThrow('declares no nothing');
  expect(() => withCode(block('packages/placement/src/nothing.ts', ''))).toThrow('ENOENT');
});
