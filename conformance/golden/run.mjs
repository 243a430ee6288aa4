// Runs a folder of golden cases, in the format of the README beside this file: `npm run golden -- <folder>`.
// Without a folder, the one beside this file. Prints counts by file and kind; exits non-zero when a case fails. Files of
// cases may be missing, and so may the data sets: then those beside this file are taken. Both are told.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
if (Object.keys(KINDS).every((name) => missing.includes(name))) {
  console.error(`There are no cases in "${folder}": expected ${Object.keys(KINDS).join(', ')}`);
  process.exit(2);
}

/** Cases that hold without a connection only, with the reason. */
const direct = new Map();
const scratch = mkdtempSync(join(tmpdir(), 'golden-'));
const set = missing.length === 0 ? folder : completed(join(scratch, 'set'));
const results = outcomes();
const rows = new Map();
let failed = 0;
for (const [file, kindOf] of Object.entries(KINDS)) {
  for (const one of JSON.parse(readFileSync(join(set, file), 'utf8'))) {
    const key = `${file.padEnd(20)} ${kindOf(one)}`;
    const row = rows.get(key) ?? { passed: 0, failed: 0, 'not run': 0 };
    const fault = results.has(one.id) ? results.get(one.id) : 'no test runs it';
    const outcome = fault === undefined ? 'passed' : results.has(one.id) ? 'failed' : 'not run';
    row[outcome]++;
    rows.set(key, row);
    if (outcome === 'passed') continue;
    failed++;
    console.log(`${outcome}: ${one.id}: ${fault}`);
  }
}
for (const [id, reason] of direct) console.log(`not over the wire: ${id}: ${reason}`);
for (const [key, row] of rows) {
  const counts = Object.entries(row).map(([name, n]) => `${n} ${name}`);
  console.log(`${key.padEnd(48)} ${counts.join(', ')}`);
}
rmSync(scratch, { recursive: true });
process.exit(failed > 0 ? 1 : 0);

/** A folder with what is in the given one, in which nothing is missing. */
function completed(whole) {
  mkdirSync(whole);
  for (const name of [...Object.keys(KINDS), 'datasets']) {
    const isMissing = missing.includes(name);
    if (!isMissing || name === 'datasets') {
      symlinkSync(join(isMissing ? here : folder, name), join(whole, name));
    } else {
      writeFileSync(join(whole, name), '[]');
    }
    if (isMissing) console.log(`not in the folder: ${name}${name === 'datasets' ? ', own are taken' : ''}`);
  }
  return whole;
}

/** By the id of a case, why it failed, or undefined: the tests are named after the cases. One that fails anywhere has failed. */
function outcomes() {
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
    { cwd: root, env: { ...process.env, GOLDEN_DIR: set }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const byId = new Map();
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  for (const { title, status, failureMessages } of tests) {
    // The queries and transactions run twice: directly, and over the wire. One that cannot hold there stands in the
    // title with the reason.
    const [id, directReason] = title
      .replace('over the wire: ', '')
      .split(' does not hold over the wire, because ');
    if (directReason && status === 'passed') direct.set(id, directReason);
    else if (status === 'failed') byId.set(id, faultOf(failureMessages));
    else if (status === 'passed' && !byId.has(id)) byId.set(id, undefined);
  }
  return byId;
}

/** What a test said, without where it said it. */
function faultOf([message = '']) {
  return message
    .split(/\n\s+at /)[0]
    .replace(/^(Assertion)?Error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ');
}
