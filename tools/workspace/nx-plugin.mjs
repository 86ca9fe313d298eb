// Infers the targets of every package, so that no package repeats them (https://nx.dev/extending-nx).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const shared = [
  '{workspaceRoot}/tsconfig.base.json',
  '{workspaceRoot}/eslint.config.mjs',
  '{workspaceRoot}/vitest.config.ts',
  '{workspaceRoot}/package-lock.json',
];
const sources = ['{projectRoot}/**/*', '!{projectRoot}/dist/**/*', ...shared];

export const name = 'stackwright-workspace';

export const createNodesV2 = [
  '{packages,tools,docs/examples}/*/package.json',
  (files, _options, context) =>
    files.map((file) => {
      const root = dirname(file);
      const absolute = join(context.workspaceRoot, root);
      const manifest = JSON.parse(readFileSync(join(context.workspaceRoot, file), 'utf8'));
      return [
        file,
        { projects: { [root]: { root, name: manifest.name, targets: targetsOf(root, absolute) } } },
      ];
    }),
];

function targetsOf(root, absolute) {
  const targets = {};
  if (existsSync(join(absolute, 'tsconfig.json'))) {
    targets.lint = command(`eslint ${root}`, { inputs: [...sources, '^default'], cache: true });
    targets.typecheck = command(`tsc -b ${root}`, {
      dependsOn: ['^typecheck'],
      inputs: [...sources, '^default'],
      outputs: ['{projectRoot}/dist/types'],
      cache: true,
    });
    targets.test = command(`vitest run ${root}/ --passWithNoTests`, { inputs: [...sources, '^default'], cache: true });
    if (root.startsWith('packages/')) {
      targets.build = command(`node tools/workspace/bundle.mjs ${root}`, {
        dependsOn: ['typecheck'],
        inputs: [...sources, '^default', '{workspaceRoot}/tools/workspace/*.mjs'],
        outputs: ['js', 'map', 'txt', 'json'].map((ending) => `{projectRoot}/dist/*.${ending}`),
        cache: true,
      });
    }
  }
  return targets;
}

function command(line, rest) {
  return { executor: 'nx:run-commands', options: { command: line, cwd: '{workspaceRoot}' }, ...rest };
}
