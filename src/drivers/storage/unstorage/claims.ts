import { InstantNodeError } from '../../../errors.ts';

const claims = new WeakMap<object, Set<string>>();

/**
 * Claims a scope of an object for one database of this process, and returns a function that releases the claim. Other
 * processes that reach the same data through an object of their own go unnoticed.
 *
 * @throws {InstantNodeError} `storage-locked` when another database has it.
 */
export function claimWithin(owned: object, scope: string, subject: string): () => void {
  const taken = claims.get(owned) ?? new Set<string>();
  if (taken.has(scope)) {
    throw new InstantNodeError(
      'storage-locked',
      `Cannot open ${subject}: another database of this process has it open for the same app`,
      {
        hint: 'Close that database first, wait for it, or give this one a storage or an instanceKey of its own',
      },
    );
  }
  claims.set(owned, taken.add(scope));
  return () => taken.delete(scope);
}
