// Of @kubernetes/client-node we use KubeConfig alone (packages/kube/src/config.ts), but that module also imports the
// generated API, for `makeApiClient`, and node-fetch, for a class that Node has itself. Left out, a process is 1.3 MB
// smaller on disk and 9 MB in memory. esbuild fails by itself should a new version import more of them than is here.
export const leanKubeconfig = {
  name: 'lean-kubeconfig',
  setup(build) {
    const fromClientNode = ({ importer }) => /[\\/]@kubernetes[\\/]client-node[\\/]dist[\\/]/.test(importer);
    build.onResolve({ filter: /^\.\/gen\/index\.js$/ }, (args) =>
      fromClientNode(args) ? { path: 'generated-api', namespace: 'lean-kubeconfig' } : undefined,
    );
    build.onResolve({ filter: /^node-fetch$/ }, (args) =>
      fromClientNode(args) ? { path: 'fetch', namespace: 'lean-kubeconfig' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'lean-kubeconfig' }, ({ path }) => ({ contents: stubs[path] }));
  },
};

const stubs = {
  'generated-api': 'export const createConfiguration = undefined, ServerConfiguration = undefined;',
  fetch: 'export const Headers = globalThis.Headers; export default globalThis.fetch;',
};
