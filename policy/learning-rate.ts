import type { OptimizerConfig } from '../algorithms/optimizer-config.ts';

/**
 * The learning rate of step 1..total: a linear warm-up that reaches the full rate at `warmupSteps`, then constant, or
 * falling (linearly, or by half a cosine) to a rate of 0 that would be reached one step after the last. As in
 * transformers, but without its first step at rate 0.
 */
export function learningRateAt(step: number, total: number, optimizer: OptimizerConfig): number {
  const { learningRate, schedule, warmupSteps } = optimizer;
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  const progress = Math.min(1, (step - 1 - warmupSteps) / Math.max(1, total - warmupSteps));
  if (schedule === 'linear') return learningRate * (1 - progress);
  if (schedule === 'cosine') return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
  return learningRate;
}
