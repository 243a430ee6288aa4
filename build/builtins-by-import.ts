import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

const NAMESPACE = 'built-in';

/**
 * Makes an `import` of each `require` of a built-in module within the packages that are compiled in. In an ES module
 * esbuild leaves it to a `require` that is not there: `Dynamic require of "events" is not supported`.
 */
export const builtinsByImport: Plugin = {
  name: 'builtins-by-import',
  setup(build) {
    build.onResolve({ filter: /^[a-z_/:]+$/ }, ({ path, kind }) =>
      kind === 'require-call' && isBuiltin(path)
        ? { path: path.replace(/^(?!node:)/, 'node:'), namespace: NAMESPACE }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: `import builtin from '${path}'; module.exports = builtin;`,
    }));
  },
};
