/** Bytes for people: `1.2 GB`. */
export function sizeText(bytes: number): string {
  const [unit, size] = [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ].find(([, least]) => bytes >= (least as number)) ?? ['B', 1];
  return `${(bytes / (size as number)).toFixed(unit === 'B' ? 0 : 1)} ${unit}`;
}
