import { sharedWorld, testTools } from './cases.ts';
import { jestCases } from './tools/jest.ts';
import { nccCases } from './tools/ncc.ts';
import { nextCases } from './tools/next.ts';
import { oldNodeCases } from './tools/old-nodes.ts';
import { pnpmCases } from './tools/pnpm.ts';
import { rollupCases } from './tools/rollup.ts';
import { tsxCases } from './tools/tsx.ts';
import { webpackCases } from './tools/webpack.ts';

testTools(
  {
    'Next.js': nextCases,
    'old Nodes': oldNodeCases,
    Jest: jestCases,
    webpack: webpackCases,
    rollup: rollupCases,
    ncc: nccCases,
    pnpm: pnpmCases,
    tsx: tsxCases,
  },
  sharedWorld(),
);
