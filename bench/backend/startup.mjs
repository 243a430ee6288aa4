// Starts a backend in a process that has done nothing else, then creates apps in it. Prints what each took, in ms.
import { NAMESPACE, SCHEMA } from './schema.mjs';

const FURTHER_APPS = 20;
const rules = { [NAMESPACE]: { allow: { create: 'auth.id != null', update: 'auth.id != null' } } };

const began = performance.now();
const { startBackend } = await import('@instantdb/node/backend');
const loaded = performance.now();
const backend = await startBackend();
const listening = performance.now();
backend.createApp();
const further = Array.from({ length: FURTHER_APPS }, (_, i) => {
  const started = performance.now();
  backend.createApp(i % 2 === 0 ? {} : { schema: SCHEMA, rules });
  return performance.now() - started;
});
const answer = await fetch(`${backend.url}/health`);
if (!answer.ok) throw new Error(`The backend answers ${answer.status}`);

process.stdout.write(
  `${JSON.stringify({ load: loaded - began, start: listening - loaded, further })}\n`,
  () => process.exit(),
);
