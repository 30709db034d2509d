import { describe, expect, it, vi } from 'vitest';
import { planCommand } from '../../../../cli/commands/plan.ts';
import { memoryWarning, requireFits } from '../../../../cli/plan/memory-verdict.ts';
import { type ExperimentPlan, planExperiment } from '../../../../cli/plan/plan-experiment.ts';
import { planLines } from '../../../../cli/plan/plan-lines.ts';
import { configNames, loadConfig } from '../../../../configs/load-config.ts';
import { GPUS } from '../../../../policy/plan/gpus.ts';
import { naming, refusal } from '../../../refusal.ts';

const gpu = GPUS['h100-80']!;
async function planned(name: string, overrides: Record<string, unknown> = {}, completionTokens?: number) {
  return planExperiment(await loadConfig(name, overrides), { gpu, mfu: 0.35, completionTokens });
}

/** As if the machine had this much memory. */
function withMemory(plan: ExperimentPlan, limit: number): ExperimentPlan {
  return { ...plan, policy: { ...plan.policy, memory: { ...plan.policy.memory, limit } } };
}

it('counts the sampling of rollout servers, each with a GPU of its own, and not that of the ranks', async () => {
  const seconds = async (rollout: object) =>
    (await planned('videocap-r1-qwen2vl-7b', { 'policy.engine.rollout': rollout }, 400)).policy.step.seconds;
  const servers = ['http://127.0.0.1:8000', 'http://127.0.0.1:8001'];
  const [local, one, two] = [
    await seconds({ kind: 'local' }),
    await seconds({ kind: 'vllm', servers: servers.slice(1) }),
    await seconds({ kind: 'vllm', servers }),
  ];
  expect(one.update).toBe(local.update);
  expect(one.sampling).toBeLessThan(local.sampling);
  // 64 texts are written at a time by one server, and 32 by each of two: every weight is read as often.
  expect(two.sampling).toBeLessThan(one.sampling);
});

describe('planLines', () => {
  it('shows the quickstart, on this machine', async () => {
    const lines = planLines(withMemory(await planned('quickstart'), 24e9), 'this machine').join('\n');
    expect(lines).toMatchInlineSnapshot(`
      "tiny on this machine

        GB of this machine's memory   update   sampling
        ---------------------------   ------   --------
        weights                         0.01       0.01
        gradients and moments           0.03       0.03
        reference                       0.01       0.01
        activations                     0.17       0.00
        overhead                        0.50       0.50
        keys, values and scores         0.00       0.04
        together, of 24.0               0.72       0.59

        parameters   2.6 M, 2.6 M of them trained
          by group   decoder 1.6 M, embeddings 0.1 M, head 0.0 M, vision 0.9 M
        prompt       83 tokens, 36 of them video
        a step       8 samples x 8 texts of 128 tokens
          computes   8,856 tokens, 0.14 TFLOP
          takes      3.0 s without the judge: 0.3 s sampling, 2.6 s update
          writes     a checkpoint of 31 MB, whose time is not counted
        the run      60 steps: 3 min without judge and benchmarks
        judge        no questions to a language model
        disk         358 MB
          by kind    7 checkpoints of 31 MB, start and export 21 MB, frames 58 MB, completions 63 MB

        seconds are those of the machine that CONTRIBUTING.md names.
        every completion is counted with sampling.maxNewTokens (128) tokens, the most."
    `);
  });

  it("shows the paper's experiment, on GPUs", async () => {
    const lines = planLines(await planned('videocap-r1-qwen2vl-7b', {}, 400), '8 GPUs').join('\n');
    expect(lines).toMatchInlineSnapshot(`
      "Qwen/Qwen2-VL-7B-Instruct on 8 GPUs

        GB on each GPU          update   sampling
        ---------------------   ------   --------
        weights                    4.0        4.0
        gradients and moments     11.4       11.4
        reference                  2.1        2.1
        gathered layers           11.1       0.00
        activations                3.4       0.00
        attention mask            0.20       0.00
        vision                    0.88       0.00
        logits                     3.4       0.01
        overhead                   3.0        3.0
        whole model               0.00       16.6
        keys and values           0.00       0.96
        together, of 80.0         39.4       38.0

        parameters   8.291 B, 7.616 B of them trained
          by group   decoder 6.526 B, embeddings 545.0 M, head 545.0 M, vision 675.8 M
        prompt       1,071 tokens, 1,024 of them video
        a step       8 samples x 8 texts of 400 tokens
          computes   34,168 tokens, 2.5 PFLOP
          takes      24 s without the judge: 23 s sampling, 0.9 s update
          writes     a checkpoint of 92.7 GB after every 25 steps, whose time is not counted
        the run      188 steps: 75 min without judge and benchmarks
        judge        at most 64 questions a step, 12,032 in all, and 0 in benchmarks; set judge.price for the cost
        disk         427.2 GB
          by kind    4 checkpoints of 92.7 GB, start and export 48.4 GB, frames 7.2 GB, completions 616 MB
        host         110.2 GB of memory while a checkpoint is written

        the held-out file is not here: its clips are not counted."
    `);
  });
});

describe('planExperiment', () => {
  it('plans every config that trains and ships within the memory it names', async () => {
    for (const name of (await configNames()).filter((each) => each !== 'bench-api')) {
      const plan = await planned(name);
      expect(memoryWarning(plan)).toBeUndefined();
      expect(plan.notes.filter((note) => note.includes('frames.factor'))).toEqual([]);
    }
  });

  it('refuses a model that an endpoint serves, which is not trained', async () => {
    await expect(planned('bench-api')).rejects.toThrow(refusal('InvalidConfig', 'policy.engine.kind is openai'));
  });

  it('counts a mean length where it is known, and never more than the most', async () => {
    const tokens = async (mean?: number) => (await planned('videocap-r1-qwen2vl-7b', {}, mean)).work.meanTokens;
    expect([await tokens(), await tokens(400), await tokens(9999)]).toEqual([1024, 400, 1024]);
  });

  it('counts what the engine loses where it samples a few at a time, and not where it does that anyway', async () => {
    const sampling = async (name: string, samplesPerPart?: number) => {
      const plan = await planned(name, samplesPerPart ? { 'algorithm.samplesPerPart': samplesPerPart } : {});
      return plan.policy.step.seconds.sampling;
    };
    const whole = await sampling('quickstart'); // 8 samples x 8 texts, in one batch of 64
    expect(await sampling('quickstart', 8)).toBe(whole);
    expect(await sampling('quickstart', 3)).toBeGreaterThan(whole);
    expect(await sampling('quickstart', 1)).toBeGreaterThan(await sampling('quickstart', 3));
    const groups = await sampling('videocap-r1-qwen2vl-7b'); // 8 GPUs, and each writes a group at a time
    expect(await sampling('videocap-r1-qwen2vl-7b', 8)).toBe(groups);
    expect(await sampling('videocap-r1-qwen2vl-7b', 2)).toBeGreaterThan(groups);
  });

  it('says which frame sizes a Qwen3-VL takes', async () => {
    const { notes } = await planned('videocap-r1-qwen3vl-8b', { 'frames.factor': 28 });
    expect(notes).toContainEqual(naming('multiples of 32', 'frames.factor'));
  });

  it('samples nothing with SFT, and asks no judge', async () => {
    const { policy, judge, work } = await planned('sft');
    expect(policy.memory.sampling).toEqual({});
    expect([work.groupSize, judge.training, policy.step.seconds.sampling]).toEqual([1, 0, 0]);
  });
});

describe('memory', () => {
  const share = async (part: number) => {
    const plan = await planned('videocap-r1-qwen2vl-7b');
    return withMemory(plan, plan.policy.memory.peak / part);
  };

  it('is enough up to 85%, warned of above, refused above 115%', async () => {
    expect(memoryWarning(await share(0.84))).toBeUndefined();
    expect(memoryWarning(await share(0.86))).toEqual(naming('86%', 'policy.engine.lora', 'tokensPerMicroBatch'));
    expect(memoryWarning(await share(1.14))).toEqual(naming('114%'));
    requireFits(await share(1.14));
    const refused = await share(1.16);
    expect(() => requireFits(refused)).toThrow(
      refusal('InvalidConfig', 'each GPU', 'policy.engine.lora', 'policy.engine.ranks', 'frames.count'),
    );
  });

  it('names the fields of the embedded engine on a machine without GPUs', async () => {
    const plan = withMemory(await planned('quickstart'), 1e8);
    expect(() => requireFits(plan)).toThrow(refusal('InvalidConfig', 'this machine', 'sampling.maxNewTokens'));
  });
});

describe('videocap plan', () => {
  const run = async (...args: string[]) => {
    const written: string[] = [];
    const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const outcome = await planCommand.parseAsync(args, { from: 'user' }).catch((error: unknown) => error);
    out.mockRestore();
    return { text: written.join(''), outcome };
  };

  it('prints a plan that it refuses, then the refusal', async () => {
    const { text, outcome } = await run('videocap-r1-qwen2vl-7b', '--gpu', 'rtx4090-24');
    expect(text).toEqual(naming('RTX 4090', 'gradients and moments', 'together, of 24.0'));
    expect(outcome).toEqual(refusal('InvalidConfig', '24.0 GB'));
  });

  it('prints one line of JSON for scripts', async () => {
    const { text } = await run('videocap-r1-qwen2vl-7b-lora', '--gpu', 'a100-80', '--json');
    const plan = JSON.parse(text) as ExperimentPlan;
    expect(plan.preset).toBe('Qwen/Qwen2-VL-7B-Instruct');
    expect(plan.policy.parameters).toMatchObject({ total: 8_291_375_616, trained: 161_480_704 });
  });
});
