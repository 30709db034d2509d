/** The value of a key, made where it is missing; keeps the `most` used last. Equal calls keep equal keys. */
export function useLast<Key, Value>(kept: Map<Key, Value>, key: Key, make: () => Value, most: number): Value {
  const value = kept.has(key) ? (kept.get(key) as Value) : make();
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > most) kept.delete(kept.keys().next().value as Key);
  return value;
}
