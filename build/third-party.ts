import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

const FILE = 'dist/THIRD-PARTY-LICENSES.txt';

/** The folders of packages that any of the builds has compiled in. */
const folders = new Set<string>();

/** Writes down the licence of every package that is compiled into what is built. */
export const thirdParty: Plugin = {
  name: 'third-party',
  setup(build) {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      if (!metafile) return;
      for (const { inputs } of Object.values(metafile.outputs))
        for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
          const [folder] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path) ?? [];
          if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
        }
      writeFileSync(
        FILE,
        [...folders]
          .sort()
          .map(noticeOf)
          .join(`\n${'-'.repeat(80)}\n\n`),
      );
    });
  },
};

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
    name: string;
    version: string;
    license: string;
  };
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`Cannot tell the licence of ${folder}: it has no such file`);
  return `${name} ${version} (${license}), parts of which are in the files beside this one:\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
}
