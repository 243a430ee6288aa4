/** Fails with all that does not hold of a case, uncut: `npm run golden` prints it. */
export function expectHolds(differences: readonly string[]): void {
  if (differences.length > 0) throw new Error(differences.join('; '));
}
