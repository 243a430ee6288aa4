import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The checkout that this is part of. */
export const ownRoot = fileURLToPath(new URL('..', import.meta.url));
const ANSWER_LIMIT_MS = 120_000;

/**
 * Starts a script of this folder that speaks in lines of JSON.
 * @param {string[]} command the runtime
 * @param {string} script
 * @param {string[]} args
 */
export function start(command, script, ...args) {
  return startIn(ownRoot, command, script, ...args);
}

/** The same in a checkout, whose build of the package the script then finds. */
export function startIn(root, [program, ...flags], script, ...args) {
  const path = join(root, 'bench', script);
  const child = spawn(program, [...flags, path, ...args], {
    cwd: root,
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A process that is gone is noticed where its answer is missing.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const endWithParent = () => child.kill('SIGKILL');
  process.on('exit', endWithParent);
  const ended = once(child, 'close').finally(() => process.off('exit', endWithParent));
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  /** The next line; rejects when the process ends or stays silent instead. */
  async function read(limitMs = ANSWER_LIMIT_MS) {
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (done) throw new Error(`${script} ${args[0] ?? ''} ended without an answer on ${program}`);
    return JSON.parse(value);
  }

  return {
    read,
    ask(question, limitMs) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return read(limitMs);
    },
    /** Ends its input, which every script takes as its end. */
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
