/** A config travels into histories, MLflow and reports: a URL in it must hold no secret. */
export function hasCredentials(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && (parsed.username !== '' || parsed.password !== '' || parsed.search !== '');
}

/** A URL as messages and the ledger may hold it: without user name, password and query. */
export function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
