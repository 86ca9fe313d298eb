// What our processes carry of their dependencies and never use, left out: V8 keeps the text of a program in memory. What is
// missing says so when it is called all the same.
const stubs = {
  // @kubernetes/client-node: of KubeConfig (packages/kube/src/config/plugins.ts) `makeApiClient` needs the generated API, and a
  // class that Node has itself comes from node-fetch. esbuild fails by itself should a new version import more than is here.
  'generated-api': 'export const createConfiguration = undefined, ServerConfiguration = undefined;',
  fetch: 'export const Headers = globalThis.Headers; export default globalThis.fetch;',
  // fastify: compilers for JSON schemas of routes (ours check what they are sent with the schemas of the API), and calls from tests.
  compiler: missing('module.exports = () => () => { throw', 'schemas of routes are'),
  // @cyclonedx/cyclonedx-library: XML and validation, which it does without where their packages are not there.
  optional: "throw new Error('left out of this bundle, see tools/workspace/lean-dependencies.mjs');",
  inject: missing('module.exports = () => { throw', 'inject is'),
};

function missing(start, what) {
  return `${start} new Error('fastify: ${what} left out of this bundle, see tools/workspace/lean-dependencies.mjs'); };`;
}

/** Imports by dependents whose path matches `importer`. */
const leftOut = [
  { filter: /^\.\/gen\/index\.js$/, importer: /[\\/]@kubernetes[\\/]client-node[\\/]dist[\\/]/, stub: 'generated-api' },
  { filter: /^node-fetch$/, importer: /[\\/]@kubernetes[\\/]client-node[\\/]dist[\\/]/, stub: 'fetch' },
  { filter: /^@fastify\/(ajv|fast-json-stringify)-compiler$/, importer: /[\\/]fastify[\\/]/, stub: 'compiler' },
  { filter: /^(ajv|ajv-formats|ajv-formats-draft2019|libxmljs2|xmlbuilder2)$/, importer: /[\\/]cyclonedx-library[\\/]/, stub: 'optional' },
  { filter: /^light-my-request$/, importer: /[\\/]fastify[\\/]/, stub: 'inject' },
];

export const leanDependencies = {
  name: 'lean-dependencies',
  setup(build) {
    for (const { filter, importer, stub } of leftOut) {
      build.onResolve({ filter }, (args) =>
        importer.test(args.importer) ? { path: stub, namespace: 'lean-dependencies' } : undefined,
      );
    }
    build.onLoad({ filter: /.*/, namespace: 'lean-dependencies' }, ({ path }) => ({ contents: stubs[path] }));
  },
};
