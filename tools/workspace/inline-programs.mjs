// Programs in other languages are files, which our sources read where they lie:
//     readFileSync(new URL('./validate.py', import.meta.url), 'utf8')
// A bundle lies elsewhere, so there the text takes the place of the call.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const call = /readFileSync\(\s*new URL\('(\.[^']+\.(?:py|sh))', import\.meta\.url\),\s*'utf8',?\s*\)/g;
/** One that is written in another way would be looked for beside the bundle, and not be there. */
const other = /new URL\(\s*['"`][^'"`]+\.(?:py|sh)['"`]/;

export const inlinePrograms = {
  name: 'inline-programs',
  setup(build) {
    build.onLoad({ filter: /[\\/](packages|tools)[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!source.includes('import.meta.url')) return undefined;
      const watchFiles = [];
      const texts = new Map();
      for (const [text, relative] of source.matchAll(call)) {
        const file = join(dirname(path), relative);
        watchFiles.push(file);
        texts.set(text, JSON.stringify(await readFile(file, 'utf8')));
      }
      const contents = source.replaceAll(call, (text) => texts.get(text));
      if (other.test(contents)) {
        const text = "A program is read as readFileSync(new URL('./name.py', import.meta.url), 'utf8'), or a bundle will not have it";
        return { errors: [{ text, location: { file: path } }] };
      }
      return texts.size > 0 ? { contents, loader: 'ts', watchFiles } : undefined;
    });
  },
};
