const DECIMALS = 3;

/** A number of a table: people compare them, and more digits push the next column away. `null` stays `null`. */
export function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value.toFixed(DECIMALS));
}
