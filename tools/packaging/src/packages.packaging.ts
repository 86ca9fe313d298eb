// What a stranger gets from npm: complete, without what is ours alone, and it works by itself.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { published, strangersProject, type Manifest, type Project, type Published } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await strangersProject();
});
afterAll(() => project?.remove());

const manifestOf = (name: Published): Manifest =>
  JSON.parse(readFileSync(project.installed(name, 'package.json'), 'utf8')) as Manifest;
const filesOf = (name: Published): string[] =>
  readdirSync(project.installed(name), { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('node_modules'),
  );

describe.each(published)('the package %s', (name) => {
  it('has licence, readme and changelog, and no test', () => {
    const files = filesOf(name);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']));
    expect(files.filter((path) => /\.test\.|\.tsbuildinfo$/.test(path))).toEqual([]);
  });

  it('has the notices of those whose code is in its bundles', () => {
    const maps = filesOf(name).filter((path) => /^dist\/[^/]+\.js\.map$/.test(path));
    const inside = maps.flatMap((path) => {
      const { sources } = JSON.parse(readFileSync(project.installed(name, path), 'utf8')) as { sources: string[] };
      return sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? '');
    });
    const owners = new Set(inside.filter((owner) => owner !== ''));
    const path = project.installed(name, 'dist/THIRD-PARTY-NOTICES.txt');
    const notices = existsSync(path) ? readFileSync(path, 'utf8') : '';
    expect([...owners].filter((owner) => !notices.includes(`  ${owner} `))).toEqual([]);
  });

  it('says in its changelog what its version is', () => {
    const { version } = manifestOf(name);
    expect(readFileSync(project.installed(name, 'CHANGELOG.md'), 'utf8')).toMatch(new RegExp(`^## ${version}`, 'm'));
  });

  it('has every file that it exports, under every condition, and every program', () => {
    const { exports, bin = {} } = manifestOf(name);
    const targets = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    for (const target of [...targets, ...Object.values(bin)])
      expect(project.installed(name, target)).toSatisfy(existsSync);
    for (const entry of Object.values(exports).filter((one) => typeof one === 'object')) {
      expect(Object.keys(entry)).toEqual(['@stackwright/source', 'types', 'default']);
    }
  });

  it('has links that lead somewhere, in all its pages', () => {
    const pages = filesOf(name).filter((path) => path.endsWith('.md'));
    const broken = pages.flatMap((page) => {
      const text = readFileSync(project.installed(name, page), 'utf8');
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => {
          const path = join(dirname(page), target);
          return path.startsWith('..') || !existsSync(project.installed(name, path));
        })
        .map((target) => `${page}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('lists every error that it exports, by its code', async () => {
    const errors = (await exportsOf(name)).filter((symbol) => /^[A-Z]\w*Error$/.test(symbol));
    const readme = readFileSync(project.installed(name, 'README.md'), 'utf8');
    expect(errors.filter((error) => !readme.includes(`| \`${error}\``))).toEqual([]);
  });
});

/** What a package's main entry has at run time, in a process of its own. */
async function exportsOf(name: Published): Promise<string[]> {
  const program = `console.log(JSON.stringify(Object.keys(await import('@stackwright/${name}'))))`;
  return JSON.parse(await project.run('node', '--input-type=module', '-e', program)) as string[];
}

describe('a project with these packages', () => {
  it('has none of the heavy packages that it did not ask for', () => {
    const heavy = ['@kubernetes/client-node', 'fastify', '@opentelemetry/sdk-trace', '@opentelemetry/resources'];
    const optional = published.flatMap((name) => Object.keys(manifestOf(name).peerDependenciesMeta ?? {}));
    expect(optional).toEqual(expect.arrayContaining(heavy));
    for (const name of heavy) expect(join(project.directory, 'node_modules', name)).not.toSatisfy(existsSync);
  });

  it('is type-checked with their types, libraries too, by the rules of Node and of bundlers', async () => {
    await project.run('npx', '--no-install', 'tsc', '-p', 'tsconfig.nodenext.json');
    await project.run('npx', '--no-install', 'tsc', '-p', 'tsconfig.bundler.json', '--noEmit');
  });

  it('runs the controllers of the docs on a cluster of its own, as a graph and at the plain level', async () => {
    // Written by the compiler a moment ago.
    expect(await project.run('node', 'out/run.js')).toContain(
      'graph: http://hello.default.svc\nplain: http://hello.default.svc\n',
    );
  });

  it('starts the cluster as a process', async () => {
    expect(await project.run('npx', '--no-install', 'devcluster', '--help')).toContain('Usage: devcluster');
  });

  it('holds a cluster against the suite', async () => {
    const said = await project.run('npx', '--no-install', 'conformance', 'selectors');
    expect(said).toMatch(/^\d+ hold, 0 differ/m);
  });
});
