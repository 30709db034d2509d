/** Short times with a decimal, for lines about work that was done: `0.4 s`, `24.1 s`, `2 min 05 s`. */
export function seconds(value: number): string {
  return value < 100 ? `${value.toFixed(1)} s` : duration(value);
}

/** Times to wait, to the second: `8 s`, `3 min 20 s`, `1 h 02 min`. */
export function duration(value: number): string {
  const whole = Math.max(0, Math.round(value));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor((whole % 3600) / 60))} min`;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
