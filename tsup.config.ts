import { defineConfig, type Options } from 'tsup';
import { builtinsByImport } from './build/builtins-by-import.ts';
import { quietTunnels } from './build/quiet-tunnels.ts';
import { thirdParty } from './build/third-party.ts';
import { toCommonJs } from './build/to-commonjs.ts';

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

/**
 * Packages that are ES modules alone: what is CommonJS cannot `require` them on Node before 20.19 and 22.12, nor
 * `import()` them within Jest.
 */
const modulesAlone = [/^@marcbachmann\/cel-js/, /^jose/, /^srvx/];

const shared: Options = {
  target: 'node20',
  format: 'esm',
  splitting: true,
  // `ws` takes these if they are installed: the speed of what the package has itself will do, and a bundler that puts an
  // empty module in their place leaves `ws` without what it calls.
  define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
};

const coreGlobalsStayOutside = (extension: string) => ({
  // core-globals.ts has to run before core, and a bundle's own code runs after all of its imports.
  name: 'core-globals-stay-outside',
  setup(build: Parameters<typeof thirdParty.setup>[0]): void {
    build.onResolve({ filter: /\/core-globals\.ts$/ }, () => ({
      path: `./core-globals${extension}`,
      external: true,
    }));
  },
});

const declarations: Options = {
  entry,
  format: ['esm', 'cjs'],
  dts: {
    only: true,
    // `await using`, for users whose `lib` ends before it. JSR takes no such line in the sources.
    banner: '/// <reference lib="esnext.disposable" />',
    // tsup 8 sets `baseUrl`, which TypeScript 6 has deprecated.
    compilerOptions: { ignoreDeprecations: '6.0' },
  },
};

export default defineConfig(({ dts }): Options[] => [
  {
    ...shared,
    entry: { ...entry, ...cli },
    esbuildPlugins: [builtinsByImport, quietTunnels, coreGlobalsStayOutside('.js'), thirdParty],
  },
  {
    ...shared,
    entry,
    outExtension: () => ({ js: '.cjs' }),
    noExternal: modulesAlone,
    esbuildPlugins: [builtinsByImport, quietTunnels, coreGlobalsStayOutside('.cjs'), thirdParty],
    plugins: [toCommonJs],
  },
  { target: 'node20', entry: { 'core-globals': 'src/client/core-globals.ts' }, format: ['esm', 'cjs'] },
  // With --no-dts, tsup would make code of it, into the same files at the same time.
  ...(dts === false ? [] : [declarations]),
]);
