/** What a page was made of and does not change, by name: a page that is made anew as its run goes on reads it once. */
export type Kept = Map<string, Promise<unknown>>;

/** What is kept under a name, else what `make` returns, which is kept. What failed is not. */
export function kept<T>(all: Kept, name: string, make: () => Promise<T>): Promise<T> {
  const known = all.get(name);
  if (known) return known as Promise<T>;
  const made = make();
  all.set(name, made);
  made.catch(() => all.delete(name));
  return made;
}
