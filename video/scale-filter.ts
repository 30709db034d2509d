/**
 * The one way a frame becomes smaller: bicubic over the whole footprint of a target pixel, full chroma, exact rounding.
 * Everything that the policy ever sees, in pretraining too, has gone through this filter.
 */
export function scaleFilter(width: number, height: number): string {
  return `scale=${width}:${height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact`;
}
