/** The value that `map` has at `key`; where it has none, what `create` gives is put there first. */
export function upsert<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const value = create();
  map.set(key, value);
  return value;
}
