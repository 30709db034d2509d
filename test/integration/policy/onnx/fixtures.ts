import { readFileSync } from 'node:fs';

/** What `python -m videocap_torch.fixtures` wrote: numbers of the shipped weights, computed by torch. */
const FOLDER = new URL('../../../fixtures/policy/', import.meta.url);

/** Norm of a tensor, and entries spread evenly over it. */
export interface Sampled {
  norm: number;
  index: number[];
  value: number[];
}
type SampledAll = Record<string, Sampled>;

export type LossName = 'grpo' | 'sft' | 'gspo';

interface LossNumbers {
  loss: number;
  gradients: SampledAll;
}

export interface CaseNumbers {
  grid: [slices: number, rows: number, columns: number];
  pixel_values: Sampled;
  greedy: { ids: number[]; text: string }[];
  grpo: LossNumbers;
  sft: LossNumbers;
  gspo: LossNumbers;
  adamw: { grad_norm: number; param: SampledAll; m: SampledAll; v: SampledAll }[];
}

interface Parity {
  weightsSha256: string;
  prompt: { text: string; prefix_ids: number[]; suffix_ids: number[] };
  tokens: { text: string; ids: number[] }[];
  settings: {
    /** Of the losses that have some. */
    grpo: Record<string, number>;
    sft?: Record<string, number>;
    gspo: Record<string, number>;
    suppressed: string[];
    adamw: { lr: number; beta1: number; beta2: number; eps: number; weight_decay: number; max_grad_norm: number };
  };
  cases: Record<'square' | 'wide', CaseNumbers>;
}

export const parity: Parity = JSON.parse(readFileSync(new URL('parity.json', FOLDER), 'utf8'));

/** What TRL's own code computed: `workers/torch/tests/trl_numbers.py`. */
export const trl: { gspo: { cases: Record<'square' | 'wide', LossNumbers> } } = JSON.parse(
  readFileSync(new URL('trl.json', FOLDER), 'utf8'),
);

export interface FixtureTensor {
  shape: number[];
  data: Float32Array | Uint8Array | BigInt64Array;
}

const KINDS = { F32: Float32Array, U8: Uint8Array, I64: BigInt64Array } as const;

/** The arrays of a case, by name. Other than the engine's reader this one takes bytes and integers too. */
export function arraysOf(name: string): Record<string, FixtureTensor> {
  const bytes = readFileSync(new URL('parity.safetensors', FOLDER));
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header: Record<string, { dtype: keyof typeof KINDS; shape: number[]; data_offsets: [number, number] }> =
    JSON.parse(bytes.toString('utf8', 8, start));
  const own = Object.entries(header).filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(
    own.map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const buffer = Uint8Array.from(bytes.subarray(start + from, start + to)).buffer;
        return [key.slice(name.length + 1), { shape, data: new KINDS[dtype](buffer) }];
      },
    ),
  );
}
