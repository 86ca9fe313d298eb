import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** What each layer may import: only what is below it (docs/architecture.md). */
const layers = {
  kube: ['kube'],
  api: ['kube'],
  core: ['kube'],
  graph: ['kube', 'core'],
  openstack: ['kube', 'api', 'core', 'graph'],
  service: ['kube', 'api', 'core', 'graph', 'openstack'],
  coordinator: ['kube', 'api', 'core', 'graph'],
  devcluster: ['kube'],
  conformance: ['kube', 'devcluster'],
  cli: ['kube', 'api', 'core', 'graph', 'openstack', 'service', 'coordinator', 'devcluster', 'images'],
  images: ['images'],
  tools: [
    'kube',
    'api',
    'core',
    'graph',
    'openstack',
    'service',
    'coordinator',
    'devcluster',
    'images',
    'cli',
    'tools',
  ],
};

/** Time, chance and the network come through seams there, so that tests and the fault simulation can own them. */
const seams = [
  { object: 'Date', property: 'now', message: 'Take the time from the Clock seam.' },
  { object: 'Math', property: 'random', message: 'Take chance from the Random seam.' },
];
const seamGlobals = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'crypto'].map((name) => ({
  name,
  message: 'Use the seam (Clock, Random, Transport).',
}));

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      'tools/packaging/stranger/**',
      '**/node_modules/**',
      '.nx/**',
      '**/*.mjs',
      'vitest.config.ts',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          // A package's own files are imported relatively, others by name.
          allow: [],
          depConstraints: Object.entries(layers).map(([layer, below]) => ({
            sourceTag: `layer:${layer}`,
            onlyDependOnLibsWithTags: below.map((name) => `layer:${name}`),
          })),
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always'],
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: '@kubernetes/client-node', message: 'Only packages/kube/src/config/plugins.ts adapts it.' }],
        },
      ],
    },
  },
  { files: ['packages/kube/src/config/plugins.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: [
      'packages/{core,graph,openstack,mariadb,memcached,rabbitmq,keystone,placement,glance,cinder,coordinator}/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts', '**/seams/**', '**/testing/**'],
    rules: { 'no-restricted-properties': ['error', ...seams], 'no-restricted-globals': ['error', ...seamGlobals] },
  },
  {
    files: ['**/*.test.ts', '**/*.conformance.ts', '**/*.e2e.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
