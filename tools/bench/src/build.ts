// Bundles every program as the processes of production are.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { variants, type Variant } from './options.js';

const run = promisify(execFile);
const here = import.meta.dirname;
export const root = join(here, '../../..');
const out = join(here, '../dist');

export interface Programs {
  variants: Readonly<Record<Variant, string>>;
  server: string;
  proxy: string;
}

export async function build(): Promise<Programs> {
  const bundle = async (source: string, name: string, ...flags: string[]): Promise<string> => {
    const target = join(out, `${name}.js`);
    const bundler = join(root, 'tools/workspace/bundle.mjs');
    await run(process.execPath, [bundler, '--process', join(here, source), target, ...flags], { cwd: root });
    return target;
  };
  // One uses what the others leave out of that package: its generated API.
  const flags = (variant: Variant): string[] => (variant === 'client-node' ? ['--whole-client-node'] : []);
  const [server, proxy, ...controllers] = await Promise.all([
    bundle('server/devcluster.ts', 'server'),
    bundle('server/proxy.ts', 'proxy'),
    ...variants.map((variant) => bundle(`variants/${variant}.ts`, variant, ...flags(variant))),
  ]);
  const entries = variants.map((variant, index) => [variant, controllers[index]]);
  return { server, proxy, variants: Object.fromEntries(entries) as Record<Variant, string> };
}
