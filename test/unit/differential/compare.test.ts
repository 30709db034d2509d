import { describe, expect, it } from 'vitest';
import { type CompareOptions, differences } from '../../differential/compare.ts';
import { blindSpots, type Outcome, type StepOutcome } from '../../differential/outcome.ts';
import { differenceLines } from '../../differential/tell.ts';

function step(number: number): StepOutcome {
  const grid = () => [[0, 1, null, 0.5]];
  return {
    step: number,
    groups: [
      { sampleId: 'a', completions: [{ text: 'x', truncated: false, tokenIds: [5, 6], logProbs: [-0.1, -0.2] }] },
    ],
    scores: { format: grid(), think: grid(), caption: grid(), total: grid(), advantage: grid() },
    weights: `weights ${number}`,
    optimizer: number === 0 ? undefined : `optimizer ${number}`,
    benchmark: { captions: [{ sampleId: 'b', text: 'y', tokens: 3 }], metrics: { eventF1: 50 } },
    metrics: { 'train/loss': 0.25, 'time/stepSeconds': 1.5, 'train/tokensPerSecond': 900, 'judge/repeated': 0 },
  };
}

function outcome(change: (outcome: Outcome) => void = () => undefined): Outcome {
  const steps = () => [step(0), step(1), step(2)];
  const made = {
    grpo: { steps: steps() },
    sft: { steps: steps() },
    judge: { 'is it red?': 1, 'is it round?': 1 },
    deaths: 0,
  };
  change(made);
  return made;
}

const found = (change: (head: Outcome) => void, options?: CompareOptions) =>
  differences(outcome(), outcome(change), options);

describe('two outcomes', () => {
  it('are equal when nothing differs but times and what counts the death of a worker', () => {
    const again = found(({ grpo }) => {
      Object.assign(grpo.steps[1]!.metrics, {
        'time/stepSeconds': 9,
        'train/tokensPerSecond': 1,
        'judge/repeated': 2,
      });
    });
    expect(again).toEqual([]);
  });

  it('differ by the last bit of a number', () => {
    const logProb = -0.2 + 2 ** -55;
    const bit = found(({ grpo }) => {
      grpo.steps[2]!.groups[0]!.completions[0]!.logProbs[1] = logProb;
    });
    const path = 'grpo.steps[2].groups[0].completions[0].logProbs[1]';
    expect(bit).toEqual([{ path, base: -0.2, head: logProb }]);
  });

  it('differ once in a list of numbers, where it begins to', () => {
    const whole = found(({ grpo }) => {
      grpo.steps[1]!.groups[0]!.completions[0]!.logProbs = [-0.3, -0.4, -0.5];
    });
    expect(whole).toEqual([{ path: 'grpo.steps[1].groups[0].completions[0].logProbs[0]', base: -0.1, head: -0.3 }]);
  });

  it.each<[string, (head: Outcome) => void]>([
    ['sft.steps[1].weights', ({ sft }) => Object.assign(sft.steps[1]!, { weights: 'others' })],
    ['grpo.steps[1].optimizer', ({ grpo }) => Object.assign(grpo.steps[1]!, { optimizer: undefined })],
    ['grpo.steps[0].scores', ({ grpo }) => Object.assign(grpo.steps[0]!, { scores: undefined })],
    ['grpo.steps[1].scores.think[0][2]', ({ grpo }) => grpo.steps[1]!.scores!.think.splice(0, 1, [0, 1, 0, 0.5])],
    ['grpo.steps.length', ({ grpo }) => grpo.steps.pop()],
    [
      'grpo.steps[0].groups[0].completions[0].tokenIds.length',
      ({ grpo }) => grpo.steps[0]!.groups[0]!.completions[0]!.tokenIds.push(7),
    ],
    [
      'sft.steps[2].benchmark.captions[0].text',
      ({ sft }) => Object.assign(sft.steps[2]!.benchmark!.captions[0]!, { text: '' }),
    ],
    [
      'sft.steps[2].benchmark.metrics["eventF1"]',
      ({ sft }) => Object.assign(sft.steps[2]!.benchmark!.metrics, { eventF1: 51 }),
    ],
  ])('differ in %s', (path, change) => {
    expect(found(change).map((difference) => difference.path)).toEqual([path]);
  });
});

describe('metrics', () => {
  it('may be more than base has', () => {
    expect(found(({ grpo }) => Object.assign(grpo.steps[1]!.metrics, { 'train/new': 1 }))).toEqual([]);
  });

  it('may not be fewer, unless they have another name, which is known', () => {
    const rename = ({ grpo, sft }: Outcome) => {
      for (const step of [...grpo.steps, ...sft.steps]) {
        step.metrics = { 'policy/loss': step.metrics['train/loss']! };
      }
    };
    expect(found(rename)[0]).toEqual({ path: 'grpo.steps[0].metrics["train/loss"]', base: 0.25, head: undefined });
    expect(found(rename, { renamed: { 'train/loss': 'policy/loss' } })).toEqual([]);
  });
});

describe('what the judge was asked', () => {
  it('may be asked again as often as answers were lost with the worker', () => {
    const twice = (head: Outcome) => {
      Object.assign(head.judge, { 'is it red?': 2, 'is it round?': 2 });
      head.deaths = 1;
    };
    expect(found(twice, { lostAtMost: 2 })).toEqual([]);
    expect(found(twice, { lostAtMost: 1 })).toEqual([
      { path: 'judge.answered is it red?', base: 1, head: 2 },
      { path: 'judge.answered is it round?', base: 1, head: 2 },
    ]);
  });

  it('may not be asked again where no worker died', () => {
    const twice = ({ judge }: Outcome) => Object.assign(judge, { 'is it red?': 2 });
    expect(found(twice, { lostAtMost: 2 })).toEqual([{ path: 'judge.answered is it red?', base: 1, head: 2 }]);
  });

  it('may be nothing else, and nothing less', () => {
    const other = found(
      ({ judge }) => {
        delete judge['is it red?'];
        judge['is it RED?'] = 1;
      },
      { lostAtMost: 2 },
    );
    expect(other).toEqual([{ path: 'judge.asked[0]', base: 'is it red?', head: 'is it RED?' }]);
    expect(found(({ judge }) => delete judge['is it red?'], { lostAtMost: 2 })).toEqual([
      { path: 'judge.asked[0]', base: 'is it red?', head: undefined },
    ]);
  });
});

describe('what is said of differences', () => {
  it('is the first twenty, with both values, and how many more there are', () => {
    const lines = differenceLines(
      Array.from({ length: 23 }, (_, i) => ({ path: `grpo.steps[${i}].weights`, base: i, head: undefined })),
    );
    expect(lines[0]).toContain('23 differences');
    expect(lines[1]).toBe('  grpo.steps[0].weights: base 0, HEAD nothing');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  and 3 more');
  });

  it('tells once what differs alike', () => {
    const alike = ['a', 'b'].map((path) => ({ path, base: 1, head: 2 }));
    expect(differenceLines(alike).slice(1)).toEqual(['  a: base 1, HEAD 2', '  and 1 more']);
  });

  it('shows of long texts the place where they begin to differ', () => {
    const long = (word: string) => `${'a'.repeat(500)} ${word} ${'b'.repeat(500)}`;
    const [, line = ''] = differenceLines([{ path: 'judge.asked[0]', base: long('red'), head: long('blue') }]);
    expect(line).toContain('aaa red bbb');
    expect(line).toContain('aaa blue bbb');
    expect(line.length).toBeLessThan(600);
  });
});

describe('an outcome that any code would produce', () => {
  it('is distinguished from one that is worth comparing', () => {
    expect(blindSpots(outcome())).toEqual([]);
    const blind = outcome(({ grpo, judge }) => {
      grpo.steps[2]!.weights = grpo.steps[1]!.weights;
      for (const body of Object.keys(judge)) delete judge[body];
    });
    expect(blindSpots(blind)).toEqual(['GRPO learns nothing in some step', 'the judge was asked nothing']);
  });
});
