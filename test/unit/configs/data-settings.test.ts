import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../configs/load-config.ts';
import { neededFields } from '../../../rewards/registry.ts';
import { refusal } from '../../refusal.ts';

const PAIRS = [{ video: 'a.mp4', caption: 'A dog runs.' }];
const EVENTS = [{ ...PAIRS[0]!, events: ['a dog runs'] }];
const THOUGHTS = [{ ...EVENTS[0]!, thought: [{ subject: 'dog', attributes: [], actions: ['runs'] }] }];
const SMALL_WORLD = [
  { video: 'a.mp4', caption: 'A small red circle moves left.', events: ['a small red circle moves left'] },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-data-settings-'));
});

/** The resolved config of an experiment on data with these samples in both splits. */
async function resolved(samples: object[], config = '') {
  const name = `config-${Math.random()}`;
  const lines = samples.map((sample) => JSON.stringify(sample)).join('\n');
  await writeFile(join(folder, `${name}.jsonl`), lines);
  const data = `dataset: { kind: jsonl, train: ${name}.jsonl, heldOut: ${name}.jsonl }\n`;
  await writeFile(join(folder, `${name}.yaml`), data + config);
  return loadConfig(join(folder, `${name}.yaml`));
}

const refuses = (samples: object[], config: string, ...named: string[]) =>
  expect(resolved(samples, config)).rejects.toThrow(refusal('InvalidConfig', ...named));

const SFT = 'algorithm: { kind: sft }\n';
const LLM = 'judge: { kind: llm, model: m }\n';

describe('videos with captions alone', () => {
  test('are enough for SFT: the caption is the completion, and nothing is judged', async () => {
    const config = await resolved(PAIRS, SFT);
    expect(config.prompt).toEqual({ output: 'plain' });
    expect(config.judge).toEqual({ kind: 'none' });
    expect(config.benchmark.metrics).toEqual(['rougeL', 'ciderD', 'bleu4', 'embedding']);
    expect([config.reward.think.weight, config.reward.caption.weight]).toEqual([0, 0]);
  });

  test('are enough for GRPO with a reward that needs no judge', async () => {
    const { reward } = await resolved(PAIRS, 'reward: { rougeL: {} }\n');
    expect(reward).toMatchObject({ format: { weight: 1 }, rougeL: { weight: 1 }, think: { weight: 0 } });
    // No setting adds a component that the config does not list.
    expect(Object.keys(reward)).toEqual(['format', 'think', 'caption', 'rougeL', 'unscorable']);
  });

  test("are enough for GRPO with a reward of one's own", async () => {
    const { reward } = await resolved(PAIRS, 'reward: { custom: { brevity: { kind: module } } }\n');
    expect(reward.custom?.brevity).toMatchObject({ kind: 'module', weight: 1 });
  });

  test('are not asked for the questions of a reward that the config does not list', async () => {
    const { reward } = await resolved(PAIRS, 'reward: { rougeL: {} }\n');
    expect(neededFields(reward)).toEqual([]);
    expect([reward.qa, reward.checklist]).toEqual([undefined, undefined]);
    await refuses(PAIRS, 'reward: { rougeL: {}, qa: {} }\n', 'reward.qa is {}', 'nothing judges', '.jsonl');
  });

  test('need such a reward', async () => {
    await refuses(PAIRS, '', '.yaml: reward is missing', 'rougeL: { weight: 1 }');
  });

  test('cannot be scored for thoughts, nor by a judge that is not there', async () => {
    const noThought = ['no sample of', '.jsonl has the field "thought"', 'reward.think.weight to 0'];
    await refuses(PAIRS, 'reward: { think: { weight: 1 } }\n', ':2:11: reward.think is {"weight":1}', ...noThought);
    const noJudge = ['nothing judges', '.jsonl', 'judge.kind to llm'];
    const f1 = 'reward: { rougeL: {}, caption: { variant: f1 } }\n';
    await refuses(PAIRS, f1, ':2:23: reward.caption', ...noJudge, 'reward.caption.weight to 0');
    const qa = 'reward: { rougeL: {}, qa: {} }\n';
    await refuses(PAIRS, qa, ':2:23: reward.qa', ...noJudge, 'reward.qa.weight to 0');
    const events = `${SFT}benchmark: { metrics: [events] }\n`;
    await refuses(PAIRS, events, ':3:14: benchmark.metrics is ["events"]', ...noJudge, 'leave out events');
    const rules = `${SFT}judge: { kind: rule-based }\n`;
    await refuses(PAIRS, rules, ':3:10: judge.kind is "rule-based"', '.jsonl are not of the small world');
  });

  test('with a language model as judge, its rewards and event scores', async () => {
    const config = await resolved(PAIRS, LLM);
    expect(config).toMatchObject({
      ...{ prompt: { output: 'plain' }, benchmark: { metrics: ['events'] } },
      reward: { think: { weight: 0 }, caption: { weight: 1 } },
    });
  });

  test('in another form where the config names it', async () => {
    expect((await resolved(PAIRS, `${SFT}prompt: { output: structured }\n`)).prompt.output).toBe('structured');
  });
});

test('with events and no thoughts, completions stay structured and think does not count', async () => {
  const config = await resolved(EVENTS, LLM);
  expect(config).toMatchObject({ prompt: { output: 'structured' }, reward: { think: { weight: 0 } } });
  const think = `${LLM}reward: { think: { similarity: token-f1 } }\n`;
  await refuses(EVENTS, think, ':3:11: reward.think is {"similarity":"token-f1"}', 'the field "thought"');
});

test('with events and thoughts and a judge, nothing changes', async () => {
  const at = { file: 'lab.yaml', folder };
  const { dataset: _, ...config } = await resolved(THOUGHTS, LLM);
  const { dataset: __, ...usual } = parseConfig(LLM, at);
  expect(config).toEqual(usual);
});

test('the rule-based judge stays the default for data of the small world', async () => {
  expect(await resolved(SMALL_WORLD)).toMatchObject({
    ...{ judge: { kind: 'rule-based' }, benchmark: { metrics: ['events'] }, prompt: { output: 'structured' } },
    reward: { think: { weight: 0 }, caption: { weight: 1 } },
  });
});

test('of several training files, a field is there when any of them has it', async () => {
  const mixed = async (config: string, ...files: object[][]) => {
    const name = `config-${Math.random()}`;
    const paths = files.map((_, i) => `${name}-${i}.jsonl`);
    for (const [i, samples] of files.entries())
      await writeFile(join(folder, paths[i]!), samples.map((sample) => JSON.stringify(sample)).join('\n'));
    const sources = paths.map((path) => `{ path: ${path} }`).join(', ');
    const data = `dataset: { kind: jsonl, train: [${sources}], heldOut: ${paths[0]} }\n`;
    await writeFile(join(folder, `${name}.yaml`), data + config);
    return loadConfig(join(folder, `${name}.yaml`));
  };
  const config = await mixed(LLM, PAIRS, THOUGHTS);
  expect(config).toMatchObject({ prompt: { output: 'structured' }, reward: { think: { weight: 1 } } });
  expect(config.dataset).toMatchObject({ train: [{ path: expect.stringMatching(/^\/.*-0\.jsonl$/) }, { weight: 1 }] });
  expect((await mixed(SFT, PAIRS, PAIRS)).prompt.output).toBe('plain');
  // One sample that the rules cannot read is enough.
  expect((await mixed(SFT, SMALL_WORLD, EVENTS)).judge.kind).toBe('none');
  await expect(mixed(`${LLM}reward: { think: { weight: 1 } }\n`, PAIRS, EVENTS)).rejects.toThrow(
    /no sample of \S+-0\.jsonl, \S+-1\.jsonl has the field "thought"/,
  );
});

test('data that cannot be read are left to the stage that reads them', async () => {
  const text = 'dataset: { kind: jsonl, train: gone.jsonl, heldOut: gone.jsonl }\n';
  await writeFile(join(folder, 'gone.yaml'), text);
  expect((await loadConfig(join(folder, 'gone.yaml'))).judge).toEqual({ kind: 'rule-based' });
});

test('the small world can be captioned plainly, or without a judge', () => {
  const at = { file: 'lab.yaml', folder };
  expect(parseConfig('prompt: { output: plain }\n', at)).toMatchObject({
    ...{ judge: { kind: 'rule-based' }, benchmark: { metrics: ['events'] } },
    reward: { think: { weight: 0 }, caption: { weight: 1 } },
  });
  expect(parseConfig('judge: { kind: none }\nreward: { bleu4: { weight: 2 } }\n', at)).toMatchObject({
    ...{ prompt: { output: 'structured' }, benchmark: { metrics: ['rougeL', 'ciderD', 'bleu4', 'embedding'] } },
    reward: { think: { weight: 1 }, caption: { weight: 0 }, bleu4: { weight: 2 } },
  });
});
