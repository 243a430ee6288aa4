import { defineConfig, type Options } from 'tsup';

/** Entries of the package, by the name of their files in `dist`. */
const entry = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  bun: 'src/bun.ts',
  deno: 'src/deno.ts',
  backend: 'src/backend/index.ts',
};

/** The command; nobody imports it. */
const cli = { cli: 'src/cli/main.ts' };

const shared: Options = {
  target: 'node20',
  sourcemap: true,
  esbuildPlugins: [
    {
      // core-globals.ts has to run before core, and a bundle's own code runs after all of its imports.
      name: 'core-globals-stay-outside',
      setup(build) {
        build.onResolve({ filter: /\/core-globals\.ts$/ }, () => ({
          path: `./core-globals.${build.initialOptions.format === 'esm' ? 'js' : 'cjs'}`,
          external: true,
        }));
      },
    },
  ],
};

const declarations: Options = {
  entry,
  format: ['esm', 'cjs'],
  // tsup 8 sets `baseUrl`, which TypeScript 6 has deprecated.
  dts: { only: true, compilerOptions: { ignoreDeprecations: '6.0' } },
};

export default defineConfig(({ dts }): Options[] => [
  { ...shared, entry: { ...entry, ...cli }, format: 'esm', splitting: true },
  // Not split: what tsup makes of a split CommonJS entry lets core's `init` take the place of ours.
  { ...shared, entry, format: 'cjs', splitting: false, shims: true },
  {
    ...shared,
    entry: { 'core-globals': 'src/client/core-globals.ts' },
    format: ['esm', 'cjs'],
    esbuildPlugins: [],
  },
  // With --no-dts, tsup would make code of it, into the same files at the same time.
  ...(dts === false ? [] : [declarations]),
]);
