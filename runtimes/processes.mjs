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
 * Runs the tasks, `limit` at once at the most, and gives their results in their order. The longest begin first, so that
 * none of them is left alone at the end; one whose `after` has not resolved lets those go before that can begin.
 * @template T
 * @param {Array<{ seconds: number, after?: Promise<unknown>, run: () => Promise<T> }>} tasks
 * @param {number} limit
 * @returns {Promise<T[]>}
 */
export async function pool(tasks, limit) {
  const results = new Array(tasks.length);
  const waiting = [...tasks.keys()].sort((a, b) => tasks[b].seconds - tasks[a].seconds);
  const blocked = new Set(waiting.filter((index) => tasks[index].after));
  for (const index of blocked) void tasks[index].after.then(() => blocked.delete(index));
  const worker = async () => {
    while (waiting.length > 0) {
      const place = waiting.findIndex((index) => !blocked.has(index));
      const [index] = waiting.splice(Math.max(place, 0), 1);
      results[index] = await tasks[index].run();
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
