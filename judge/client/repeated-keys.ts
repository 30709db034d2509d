import JSON5 from 'json5';

/** Strings, marks, comments, and what stands between them, such as numbers and bare keys. */
const TOKEN = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}[\]:,]|\/\*.*?\*\/|\/\/[^\n]*|[^\s{}[\]:,"'/]+/gs;

/** Whether any object in a JSON or JSON5 text has one key twice: parsers keep the last of its values. */
export function hasRepeatedKeys(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (/^\/[/*]/.test(token)) continue;
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const keys = open.at(-1);
      const key = keyOf(last);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
    last = token;
  }
  return false;
}

/** As it is meant: quotes and escapes may differ. */
function keyOf(token: string): string {
  if (!/^["']/.test(token)) return token;
  try {
    return JSON5.parse<string>(token);
  } catch {
    return token;
  }
}
