import { expect, test } from 'vitest';
import { buildProgram } from '../support/child.ts';
import { slowServer } from '../support/slow-server.ts';

const WRITES = 50;
/** Longer than a write waits for its answer. The time is what is tested: a stopped process has no clock to inject. */
const STOPPED_MS = 8_000;

test('of a process that was stopped for 8 s, no write whose answer has arrived is "enqueued", nor is the connection renewed', async () => {
  const server = await slowServer();
  const { address, answers } = server;
  const program = await buildProgram('stopped-writer');
  try {
    const child = program.start({ config: address, count: WRITES });
    const { pid } = JSON.parse(await child.lines.next());
    await expect.poll(() => answers.length, { timeout: 60_000 }).toBe(WRITES);
    process.kill(pid, 'SIGSTOP');
    for (const answer of answers) answer();
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    process.kill(pid, 'SIGCONT');
    const { statuses, connections } = JSON.parse(await child.lines.next());
    expect(statuses.filter((status: string) => status !== 'synced')).toEqual([]);
    expect(statuses).toHaveLength(WRITES);
    expect(connections).toBe(1);
    expect(server.peers.all).toHaveLength(1);
    expect((await child.ended).code).toBe(0);
  } finally {
    program.remove();
  }
});
