/** A part of a run's state that an earlier stage has set. */
export function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The run has no ${name} yet: a stage was called out of order.`);
  return value;
}
