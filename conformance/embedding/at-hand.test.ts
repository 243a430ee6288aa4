import { describe } from 'vitest';
import { sharedWorld, testTools } from './cases.ts';
import { bunCases } from './tools/bun.ts';
import { esbuildCases } from './tools/esbuild.ts';
import { nodeCases } from './tools/node.ts';
import { viteCases } from './tools/vite.ts';
import { vitestCases } from './tools/vitest.ts';
import { testWatchers } from './watching.ts';

// Not `deno compile`: it puts a program into a runtime of its own that it downloads, and from no registry.
const world = sharedWorld();

testTools(
  { node: nodeCases, esbuild: esbuildCases, bun: bunCases, vite: viteCases, vitest: vitestCases },
  world,
);
describe('watchers', () => testWatchers(world));
