import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type GoldenCase, loadCases } from './fixture.ts';

// `npm run golden -- <folder>`, on a folder of a few cases. It runs on Node, and runs the tests of this folder: this
// one would start it again.
const isRun = process.env.GOLDEN_DIR === undefined && !('Bun' in globalThis) && !('Deno' in globalThis);

const here = import.meta.dirname;
/** One of the four is not there, and neither are the data sets. */
const FILES = ['query-cases.json', 'tx-cases.json', 'perm-cases.json'];
const DENIED = 'tx/write-perms/L1763';
const DIRECT = 'cel/unknown-results-throw/L66';
const CHOSEN: readonly string[] = [DENIED, DIRECT, 'iq/default-perms/L4004#13'];

/** A folder with a few cases, of which one expects what does not come true. */
function writeSet(): string {
  const folder = mkdtempSync(join(tmpdir(), 'golden-set-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const file of FILES) {
    const all = loadCases<GoldenCase>(here, file);
    const chosen = file === 'perm-cases.json' ? all.filter(({ id }) => CHOSEN.includes(id)) : all.slice(0, 1);
    writeFileSync(join(folder, file), JSON.stringify(chosen.map(allowWhatIsDenied)));
  }
  return folder;
}

function allowWhatIsDenied(testCase: GoldenCase): object {
  return testCase.id === DENIED ? { ...testCase, expect: { allowed: true } } : testCase;
}

async function runGolden(folder: string): Promise<{ code: number | null; output: string }> {
  const script = fileURLToPath(new URL('run.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const output = await text(child.stdout);
  return { code: await ended, output };
}

test.runIf(isRun)('a set is counted by file and kind, and a wrong answer makes the run fail', async () => {
  const { code, output } = await runGolden(writeSet());
  expect(output.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'not in the folder: protocol-cases.json',
    'not in the folder: datasets, own are taken',
    `failed: ${DENIED}: refused: Permission denied: not perms-pass?`,
    `not over the wire: ${DIRECT}: it asks without newData, which every write has`,
    'query-cases.json permissions not-involved 1 passed, 0 failed, 0 not run',
    'tx-cases.json admin 1 passed, 0 failed, 0 not run',
    'perm-cases.json cel-eval 1 passed, 0 failed, 0 not run',
    'perm-cases.json query 1 passed, 0 failed, 0 not run',
    'perm-cases.json transact 0 passed, 1 failed, 0 not run',
    '',
  ]);
  expect(code).toBe(1);
});
