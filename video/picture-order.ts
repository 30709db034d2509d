/** Numbers in names count as whole numbers: `frame-2.png` comes before `frame-10.png`. */
const { compare } = new Intl.Collator('en', { numeric: true });

/** One number in a name, with what stands around it: `0.5`, `t=12.25s`, `cam2_7.5`. */
const NUMBER = /^(?<before>|.*[^\d.])(?<number>\d+(?:\.(?<fraction>\d+))?)(?<after>[^\d.]*)$/;

/**
 * The names of a folder's pictures in the order in which they are seen: by their seconds where decimal numbers are all
 * that the names differ by (`0.25.png` before `0.5.png`), otherwise in natural order.
 */
export function inOrder(names: readonly string[]): string[] {
  const natural = [...names].sort((a, b) => compare(a, b) || (a < b ? -1 : 1));
  const seconds = new Map(natural.map((name) => [name, secondsIn(name)]));
  const all = [...seconds.values()];
  const around = all[0]?.around;
  const isDecimal = all.some((one) => one?.isDecimal) && all.every((one) => one?.around === around);
  return isDecimal ? natural.sort((a, b) => seconds.get(a)!.value - seconds.get(b)!.value) : natural;
}

/**
 * The seconds in a name as programs write them: a fraction does not end in 0, but for `1.0`. `1.10` is the tenth
 * picture of a first part; or all names have as many digits, and then both orders are the same.
 */
function secondsIn(name: string): { value: number; around: string; isDecimal: boolean } | undefined {
  const { before, number, fraction, after } = NUMBER.exec(name.replace(/\.[^.]+$/, ''))?.groups ?? {};
  if (number === undefined || /.0$/.test(fraction ?? '')) return undefined;
  return { value: Number(number), around: `${before}/${after}`, isDecimal: fraction !== undefined };
}
