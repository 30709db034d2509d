/** HTTP itself sets these. */
const RESERVED = ['host', 'connection', 'content-length', 'content-type', 'transfer-encoding'];

/** Why a section of headers cannot have this name, as a remedy; `undefined` where it can. */
export function headerNameFault(name: string, headers: Readonly<Record<string, string>>): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) return 'name an HTTP header by letters, digits, "-" and "_"';
  const lower = name.toLowerCase();
  if (RESERVED.includes(lower)) return 'leave it out: HTTP itself sets it';
  if (Object.keys(headers).some((other) => other !== name && other.toLowerCase() === lower))
    return 'name it once: names of headers are the same in capitals and in small letters';
  return undefined;
}
