/**
 * Makes the console and `JSON.stringify` show what `summary` gives instead of what `target` holds. Core keeps the admin
 * token, the user with their token and all data in the database, and databases end up in logs.
 */
export function showAs(target: object, summary: () => object): void {
  // Node's symbol; Bun and Deno honor it too.
  for (const key of [Symbol.for('nodejs.util.inspect.custom'), 'toJSON']) {
    Object.defineProperty(target, key, { value: summary, configurable: true });
  }
}
