import type { Plugin } from 'esbuild';

const NAMESPACE = 'quiet-tunnels';

/** What takes the place of the packages that `https-proxy-agent` imports, and this package has no use for. */
const INSTEAD: Readonly<Record<string, string>> = {
  // It reads the environment as soon as it is loaded, which Deno does not let every program do.
  debug: 'export default () => () => {};',
  // Its import of an optional package would be followed by every bundler.
  'proxy-agent-negotiate': 'export const createNegotiateAuth = undefined;',
};

/** Compiles in of `https-proxy-agent` only what makes tunnels. */
export const quietTunnels: Plugin = {
  name: NAMESPACE,
  setup(build) {
    build.onResolve({ filter: /^(debug|proxy-agent-negotiate)$/ }, ({ path, importer }) =>
      /[\\/]https-proxy-agent[\\/]/.test(importer) ? { path, namespace: NAMESPACE } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: INSTEAD[path] ?? '' }));
  },
};
