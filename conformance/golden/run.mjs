// Runs a folder of golden cases, in the format of the README beside this file: `npm run golden -- <folder>`.
// Without a folder, the one beside this file. Prints counts by file and kind; exits non-zero when a case fails.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = resolve(process.argv[2] ?? here);

/** What a case of each file is counted as. */
const KINDS = {
  'query-cases.json': (one) => `permissions ${one.permissions}`,
  'tx-cases.json': (one) => one.api ?? one.via ?? one.layer ?? 'transact',
  'perm-cases.json': (one) => one.action,
  'protocol-cases.json': (one) => one.transport,
};

const missing = [...Object.keys(KINDS), 'datasets'].filter((name) => !existsSync(join(folder, name)));
if (missing.length > 0) {
  console.error(`Cannot run the cases in "${folder}": ${missing.join(', ')} missing`);
  process.exit(2);
}

/** Cases that hold without a connection only, with the reason. */
const direct = new Map();
const results = outcomes();
const rows = new Map();
let failed = 0;
for (const [file, kindOf] of Object.entries(KINDS)) {
  for (const one of JSON.parse(readFileSync(join(folder, file), 'utf8'))) {
    const key = `${file.padEnd(20)} ${kindOf(one)}`;
    const row = rows.get(key) ?? { passed: 0, failed: 0, 'not run': 0 };
    const outcome = results.get(one.id) ?? 'not run';
    row[outcome]++;
    rows.set(key, row);
    if (outcome === 'passed') continue;
    failed++;
    console.log(`${outcome}: ${one.id}`);
  }
}
for (const [id, reason] of direct) console.log(`not over the wire: ${id}: ${reason}`);
for (const [key, row] of rows) {
  const counts = Object.entries(row).map(([name, n]) => `${n} ${name}`);
  console.log(`${key.padEnd(48)} ${counts.join(', ')}`);
}
process.exit(failed > 0 ? 1 : 0);

/** By the id of a case, how it ended: the tests are named after the cases. One that fails anywhere has failed. */
function outcomes() {
  const scratch = mkdtempSync(join(tmpdir(), 'golden-'));
  const report = join(scratch, 'report.json');
  spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      'conformance/golden',
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    { cwd: root, env: { ...process.env, GOLDEN_DIR: folder }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(scratch, { recursive: true });
  const byId = new Map();
  for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    // The queries and transactions run twice: directly, and over the wire. One that cannot hold there stands in the
    // title with the reason.
    const id = title.replace('over the wire: ', '');
    const [directId, directReason] = title.split(' does not hold over the wire, because ');
    if (directReason && status === 'passed') direct.set(directId, directReason);
    else if (directReason) byId.set(directId, 'failed');
    else if (status === 'passed' && byId.get(id) !== 'failed') byId.set(id, 'passed');
    else if (status === 'failed') byId.set(id, 'failed');
  }
  return byId;
}
