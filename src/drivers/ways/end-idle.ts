import type { Agent } from 'node:http';

/** Ends the connections of an agent that carry nothing, and has it keep none from now on. Requests under way go on. */
export function endIdle(agent: Agent): void {
  agent.maxFreeSockets = 0;
  if ('endIdle' in agent && typeof agent.endIdle === 'function') agent.endIdle();
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}
