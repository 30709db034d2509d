/** What of a picture's colours decides how they are shown; code points of ITU-T H.273. */
export interface Colours {
  primaries: number;
  transfer: number;
}

const PQ = 16;
const HLG = 18;

/** The light of SDR white on the screen that pictures are made for, cd/m2: HDR reference white of ITU-R BT.2408. */
const WHITE = 203;
/** What HDR pictures are taken to be mastered for, as players do; what is brighter is shown as this. */
const PEAK = 1000;

/** CIE xy of the primaries that are wider than BT.709's (H.273 table 2); all have the white D65. */
const WIDE: ReadonlyMap<number, readonly (readonly [x: number, y: number])[]> = new Map([
  [9, [[0.708, 0.292] as const, [0.17, 0.797] as const, [0.131, 0.046] as const]], // BT.2020, BT.2100
  [12, [[0.68, 0.32] as const, [0.265, 0.69] as const, [0.15, 0.06] as const]], // Display P3
]);
const BT709 = [[0.64, 0.33] as const, [0.3, 0.6] as const, [0.15, 0.06] as const];
const D65 = [0.3127, 0.329] as const;

/** How pictures are taken from ffmpeg, and what makes of them the RGB that an SDR screen shows. */
export interface Rendering {
  /** ffmpeg's pixel format. */
  pixelFormat: 'rgb24' | 'rgb48le';
  bytesPerPixel: number;
  /** To BT.709 RGB of 8 bits. */
  render: (pixels: Buffer) => Buffer;
}

/**
 * SDR of BT.601 or BT.709 comes from ffmpeg as it is. HDR (PQ and HLG of ITU-R BT.2100) and SDR of wider primaries come
 * with 16 bits and are converted here, so that any ffmpeg gives the same: most have no filter that does it. Untagged
 * pictures are SDR.
 */
export function renderingOf({ primaries, transfer }: Colours): Rendering {
  const hdr = transfer === PQ || transfer === HLG;
  // HDR that does not say its primaries has those of BT.2100, unless it says others.
  const wide = WIDE.get(hdr && primaries === 2 ? 9 : primaries);
  if (!hdr && !wide) return { pixelFormat: 'rgb24', bytesPerPixel: 3, render: (pixels) => pixels };
  const toBt709 = wide ? conversion(wide, BT709) : IDENTITY;
  // What the primaries carry of luminance (Y of XYZ): the second row of the matrix to XYZ.
  const luminance = toXyz(wide ?? BT709)[1]!;
  const light = transfer === HLG ? hlgLight(luminance) : transfer === PQ ? tabled(pqToLight) : tabled(sdrToLight);
  return {
    pixelFormat: 'rgb48le',
    bytesPerPixel: 6,
    render: (pixels) => {
      const shown = Buffer.alloc(pixels.length / 2);
      for (let at = 0; at < shown.length; at += 3) {
        const [r, g, b] = light(
          pixels.readUInt16LE(2 * at),
          pixels.readUInt16LE(2 * at + 2),
          pixels.readUInt16LE(2 * at + 4),
        );
        const brightest = Math.max(r, g, b);
        // All three by one factor, so that a colour stays the colour that it is.
        const factor = hdr && brightest > 0 ? compressed(brightest) / brightest / WHITE : 1;
        for (let i = 0; i < 3; i++) {
          const [a, c, d] = toBt709[i]!;
          shown[at + i] = encoded((a * r + c * g + d * b) * factor);
        }
      }
      return shown;
    },
  };
}

type Light = (r: number, g: number, b: number) => readonly [number, number, number];

/** A curve of one channel, from 16-bit code values, looked up. */
function tabled(curve: (signal: number) => number): Light {
  const table = Float64Array.from({ length: 65_536 }, (_, code) => curve(code / 65_535));
  return (r, g, b) => [table[r]!, table[g]!, table[b]!];
}

/** ITU-R BT.2100 table 4: the reference EOTF of PQ, a signal of 0 to 1 to cd/m2. */
export function pqToLight(signal: number): number {
  const root = signal ** (1 / PQ_M2);
  return 10_000 * (Math.max(root - PQ_C1, 0) / (PQ_C2 - PQ_C3 * root)) ** (1 / PQ_M1);
}

/** Its inverse. */
export function lightToPq(light: number): number {
  const power = (light / 10_000) ** PQ_M1;
  return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)) ** PQ_M2;
}
const [PQ_M1, PQ_M2] = [2610 / 16_384, (2523 / 4096) * 128];
const [PQ_C1, PQ_C2, PQ_C3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];

/** ITU-R BT.2100 table 5: the inverse OETF of HLG, a signal of 0 to 1 to the light of the scene, 0 to 1. */
export function hlgToScene(signal: number): number {
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - HLG_C) / HLG_A) + HLG_B) / 12;
}
const HLG_A = 0.17883277;
const HLG_B = 1 - 4 * HLG_A;
const HLG_C = 0.5 - HLG_A * Math.log(4 * HLG_A);

/** The reference OOTF for a screen of 1000 cd/m2, whose gamma is 1.2 (same table): light of the scene to cd/m2. */
function hlgLight([red, green, blue]: readonly [number, number, number]): Light {
  const scene = tabled(hlgToScene);
  return (...codes) => {
    const [r, g, b] = scene(...codes);
    const gain = PEAK * (red * r + green * g + blue * b) ** 0.2;
    return [gain * r, gain * g, gain * b];
  };
}

/** ITU-R BT.1886 with a black of 0: how screens show SDR, in shares of white. */
function sdrToLight(signal: number): number {
  return signal ** 2.4;
}

function encoded(light: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, light)) ** (1 / 2.4));
}

/**
 * ITU-R BT.2390 section 5.4.1, the EETF: cd/m2 as mastered for `PEAK`, to cd/m2 on a screen whose white is `WHITE`.
 * Light below the knee is unchanged. Both blacks are 0.
 */
export function compressed(light: number): number {
  const signal = lightToPq(Math.min(light, PEAK)) / PQ_PEAK;
  if (signal < KNEE) return light;
  const t = (signal - KNEE) / (1 - KNEE);
  const [squared, cubed] = [t * t, t * t * t];
  const spline =
    (2 * cubed - 3 * squared + 1) * KNEE +
    (cubed - 2 * squared + t) * (1 - KNEE) +
    (-2 * cubed + 3 * squared) * WHITE_SIGNAL;
  return pqToLight(spline * PQ_PEAK);
}
const PQ_PEAK = lightToPq(PEAK);
const WHITE_SIGNAL = lightToPq(WHITE) / PQ_PEAK;
const KNEE = 1.5 * WHITE_SIGNAL - 0.5;

type Row = readonly [number, number, number];
type Matrix = readonly [Row, Row, Row];
const IDENTITY: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** Linear RGB of some primaries to linear RGB of others with the same white. */
function conversion(from: Primaries, to: Primaries): Matrix {
  return product(inverse(toXyz(to)), toXyz(from));
}
type Primaries = readonly (readonly [x: number, y: number])[];

/** SMPTE RP 177: linear RGB to CIE XYZ, so that RGB of 1 is the white D65 of luminance 1. */
function toXyz(primaries: Primaries): Matrix {
  const columns = primaries.map(([x, y]) => [x / y, 1, (1 - x - y) / y] as const);
  const raw = [0, 1, 2].map((row) => columns.map((column) => column[row]!)) as unknown as Matrix;
  const [x, y] = D65;
  const gains = applied(inverse(raw), [x / y, 1, (1 - x - y) / y]);
  return raw.map((row) => row.map((value, i) => value * gains[i]!)) as unknown as Matrix;
}

function applied(matrix: Matrix, [x, y, z]: Row): Row {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Row;
}

function product(a: Matrix, b: Matrix): Matrix {
  const columns = [0, 1, 2].map((i) => applied(a, [b[0][i]!, b[1][i]!, b[2][i]!]));
  return [0, 1, 2].map((row) => columns.map((column) => column[row]!)) as unknown as Matrix;
}

function inverse([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [(e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det],
    [(f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det],
    [(d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det],
  ];
}
