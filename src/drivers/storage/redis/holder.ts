import { isOfThisProcess, type Life, type LockOwner, lifeOf } from '../lock/lock-owner.ts';

/** What this process can see of the life of a scope's holder. */
export function lifeOfHolder(holder: string): Life {
  const owner = ownerIn(holder);
  return owner ? lifeOf(owner) : 'unknown';
}

/** For messages. */
export function nameOfHolder(holder: string): string {
  const owner = ownerIn(holder);
  if (!owner) return 'another process';
  if (isOfThisProcess(owner)) return 'another database of this process';
  return owner.host === undefined ? `process ${owner.pid}` : `process ${owner.pid} of "${owner.host}"`;
}

function ownerIn(holder: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(holder.slice(holder.indexOf(' ') + 1)) as LockOwner;
    return Number.isInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}
