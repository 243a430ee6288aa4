// Opens a database in a process that has done nothing else, and prints how long the first answer took.
import { NAMESPACE, ROWS } from './namespace.mjs';

const [subject, json] = process.argv.slice(2);
const target = JSON.parse(json);

const started = performance.now();
const { openDatabase } = await (subject === 'ours'
  ? import('./subjects/ours.mjs')
  : import('./subjects/core.mjs'));
const loaded = performance.now();
const { db } = openDatabase(target);
const { data } = await db.queryOnce({ [NAMESPACE]: {} });
const answered = performance.now();

if (data[NAMESPACE].length !== ROWS) throw new Error(`Got ${data[NAMESPACE].length} rows, not ${ROWS}`);
process.stdout.write(
  `${JSON.stringify({ first: answered - loaded, loading: loaded - started, withImport: answered - started })}\n`,
  () => process.exit(),
);
