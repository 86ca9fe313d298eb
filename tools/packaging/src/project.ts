// A project of somebody else: in a folder of its own, with nothing of this workspace but the packages as npm packs them.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const workspace = join(import.meta.dirname, '../../..');

/** What is published, each after what it needs. */
export const published = ['kube', 'core', 'graph', 'devcluster', 'conformance'] as const;
export type Published = (typeof published)[number];

export interface Manifest {
  name: string;
  version: string;
  files: string[];
  exports: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  bin?: Record<string, string>;
}

export interface Project {
  readonly directory: string;
  /** A file of an installed package of ours, or of its folder. */
  installed(name: Published, ...path: string[]): string;
  /** Runs a program in the project; throws with all that it printed when it fails. */
  run(file: string, ...args: string[]): Promise<string>;
  remove(): void;
}

/** Packs, installs and lays the example of docs beside it. Optional peers stay away; `prom-client` is no option. */
export async function strangersProject(): Promise<Project> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'stranger-')));
  const run = runner(directory);
  const tarballs: Record<string, string> = {};
  for (const name of published) {
    const packed = await runner(join(workspace, 'packages', name))(
      'npm',
      'pack',
      // The workspace runs no scripts of packages, and `prepack` is one of its own.
      '--ignore-scripts=false',
      '--json',
      '--loglevel=error',
      '--pack-destination',
      directory,
    );
    const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }];
    tarballs[`@stackwright/${name}`] = `file:./${filename}`;
  }
  const { devDependencies } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const manifest = {
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: { ...tarballs, '@sinclair/typebox': '^0.34.0', 'prom-client': '^15.1.3' },
    devDependencies: { typescript: devDependencies['typescript'], '@types/node': devDependencies['@types/node'] },
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest, null, 2));
  await run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  mkdirSync(join(directory, 'src'));
  cpSync(join(workspace, 'docs/examples/website/src'), join(directory, 'src'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  });
  cpSync(join(workspace, 'tools/packaging/stranger'), directory, { recursive: true });
  return {
    directory,
    installed: (name, ...path) => join(directory, 'node_modules/@stackwright', name, ...path),
    run,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function runner(cwd: string) {
  return async (file: string, ...args: string[]): Promise<string> => {
    // npm's own variables would make its child believe that it works in this workspace.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS|VITEST)/i.test(name)),
    );
    try {
      const { stdout } = await execute(file, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
      return stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${[file, ...args].join(' ')}\n${stdout}\n${stderr}`, { cause: error });
    }
  };
}
