import { transform } from 'esbuild';
import type { Options } from 'tsup';

type TsupPlugin = NonNullable<Options['plugins']>[number];

/**
 * Makes CommonJS of the files of a build that is split, which esbuild does for ES modules alone. What tsup would make of
 * them lets core's `init` take the place of ours; esbuild keeps the order of `export *`.
 */
export const toCommonJs: TsupPlugin = {
  name: 'to-commonjs',
  async renderChunk(code) {
    const made = await transform(code, {
      format: 'cjs',
      target: 'node20',
      // Names of files that are ES modules get the interop that Node has.
      sourcefile: 'chunk.mjs',
      // The sources know their file by another name then.
      define: { 'import.meta.url': 'undefined' },
      // Where modules are run in a context of their own, as in Jest, there is no `import()`.
      supported: { 'dynamic-import': false },
      platform: 'node',
      // Half of the archive is for those who cannot load the other half, which is for people to read too.
      minifyWhitespace: true,
      lineLimit: 120,
      logLevel: 'warning',
    });
    return { code: made.code };
  },
};
