/** What the innermost cause of a failure says, without the layers that Temporal puts around it. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error instanceof Error ? error : { cause: undefined, message: String(error) };
  return cause instanceof Error ? reasonOf(cause) : message.replace(/\.$/, '');
}
