import { spawn } from 'node:child_process';

/** Process groups under way: a test run starts workers, and those must end with it. */
const groups = new Set();

process.on('exit', () => {
  for (const group of groups) endGroup(group);
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => process.exit(code));
}

/**
 * Runs a command to its end and keeps what it prints; never rejects.
 * `code` is null when it was ended by a signal, could not start, or took longer than `timeoutMs`.
 * @param {string[]} command
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<{ code: number | null, output: string, ms: number }>}
 */
export function run([program, ...args], { cwd, env = process.env, timeoutMs }) {
  const start = performance.now();
  return new Promise((resolve) => {
    // Its own group, so that its children can be ended with it.
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid !== undefined) groups.add(child.pid);
    let output = '';
    const keep = (text) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const timer = setTimeout(() => {
      keep(`\nStopped: not finished after ${timeoutMs / 1000} s\n`);
      endGroup(child.pid);
    }, timeoutMs);
    const settle = (code) => {
      clearTimeout(timer);
      groups.delete(child.pid);
      resolve({ code, output, ms: performance.now() - start });
    };
    // Whatever it left behind would hold its output open, and ports and files under the next run.
    child.on('exit', () => endGroup(child.pid));
    child.on('error', (error) => {
      keep(`${error.message}\n`);
      settle(null);
    });
    child.on('close', settle);
  });
}

function endGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/**
 * Starts the tasks in order, `limit` at once at the most, and gives their results in that order.
 * @template T
 * @param {Array<() => Promise<T>>} tasks
 * @param {number} limit
 * @returns {Promise<T[]>}
 */
export async function pool(tasks, limit) {
  const results = new Array(tasks.length);
  const waiting = tasks.entries();
  const worker = async () => {
    for (const [index, task] of waiting) results[index] = await task();
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
