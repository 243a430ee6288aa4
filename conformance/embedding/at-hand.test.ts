import { testTools } from './cases.ts';
import { bunCases } from './tools/bun.ts';
import { esbuildCases } from './tools/esbuild.ts';
import { nodeCases } from './tools/node.ts';
import { viteCases } from './tools/vite.ts';
import { vitestCases } from './tools/vitest.ts';

testTools({ node: nodeCases, esbuild: esbuildCases, bun: bunCases, vite: viteCases, vitest: vitestCases });
