import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { inlinePrograms } from '../inline-programs.mjs';

const root = mkdtempSync(join(tmpdir(), 'inline-programs-'));
const source = join(root, 'packages/sample/src');
mkdirSync(source, { recursive: true });
afterAll(() => rmSync(root, { recursive: true }));

/** What a bundle of this module exports, loaded from where none of its sources are. */
async function bundled(module: string): Promise<unknown> {
  const entry = join(source, 'index.ts');
  writeFileSync(entry, module);
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'silent',
    plugins: [inlinePrograms],
  });
  const text = outputFiles[0]?.text ?? '';
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
}

const program = 'print(f"a `quoted` $& {text}\\n")\n';
const reading = (url: string) =>
  `import { readFileSync } from 'node:fs';\nexport const program: string = readFileSync(${url}, 'utf8');\n`;

it('a program is in the bundle, letter by letter', async () => {
  writeFileSync(join(source, 'program.py'), program);
  expect(await bundled(reading("new URL('./program.py', import.meta.url)"))).toMatchObject({ program });
});

it('one that is not there, or asked for in another way, is an error of the build and not of who runs it', async () => {
  await expect(bundled(reading("new URL('./missing.sh', import.meta.url)"))).rejects.toThrow(/ENOENT.*missing\.sh/);
  await expect(bundled(reading('new URL("./program.py", import.meta.url).pathname'))).rejects.toThrow(
    /a bundle will not have it/,
  );
});
