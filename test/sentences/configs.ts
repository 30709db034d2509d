import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfigActivities } from '../../activities/resolve-config.ts';
import { readAllowed } from '../../configs/allowed.ts';
import { configHash } from '../../configs/kept-configs.ts';
import { loadConfig, parseConfig } from '../../configs/load-config.ts';
import { forkConfig } from '../../contracts/fork-config.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { untrainable } from '../../policy/endpoint-of.ts';
import { type PinnedSentence, sentenceOf } from './sentence.ts';

const config = (text: string, overrides: Record<string, unknown> = {}) =>
  parseConfig(text, { file: 'lab.yaml', folder: '/lab', overrides });
const judge = (section: string) => config(`judge: { kind: llm, model: m, ${section} }`);
const lastLine = async (text: string) => (await sentenceOf(() => config(text))).split('\n').at(-1);
const newFolder = () => mkdtemp(join(tmpdir(), 'videocap-sentence-'));

/** An experiment on videos with captions alone. */
async function onPairs(text: string) {
  const folder = await newFolder();
  await writeFile(join(folder, 'own.jsonl'), '{"video": "a.mp4", "caption": "A dog runs."}\n');
  const data = 'dataset: { kind: jsonl, train: own.jsonl, heldOut: own.jsonl }\n';
  await writeFile(join(folder, 'own.yaml'), data + text);
  return loadConfig(join(folder, 'own.yaml'));
}

async function allowed(text: string) {
  const folder = await newFolder();
  await writeFile(join(folder, 'allowed.yaml'), text);
  return readAllowed(folder);
}

/** A run that was started with another text of a config that ships, by a command with another home. */
const startedWithAnother = async () =>
  createConfigActivities({ store: new ArtifactStore('/nowhere'), home: await newFolder() }).resolveConfig({
    ...{ config: 'quickstart', overrides: {} },
    configHash: configHash({ name: 'quickstart', text: 'seed: 4' }),
  });

/** Refusals of experiment files, of overrides, and of the file of what the worker allows. */
export const CONFIG_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidConfig: The config quickstart is not the one that the run was started with, whose text these workers do ' +
      'not have. Start the run again, or leave out configHash to use the config as it is now.',
    startedWithAnother,
  ],
  [
    'InvalidConfig: lab.yaml:1:13: sampling.max_completion_length is not a known field (here ' +
      '"sampling.maxNewTokens"; docs/coming-from.md compares them). Fields of sampling: groupSize, temperature, ' +
      'maxNewTokens, topK, topP, minP, repetitionPenalty.',
    () => config('sampling: { max_completion_length: 3 }'),
  ],
  [
    'InvalidConfig: lab.yaml:2:1: sampling.maxNewTokens is missing; set at most 32 in place of 128 with these ' +
      '131072 completions, or fewer of them: algorithm.samplesPerStep x sampling.groupSize x sampling.maxNewTokens ' +
      'is at most 4194304.',
    () => config('algorithm: { samplesPerStep: 1024 }\nsampling: { groupSize: 128 }\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:53: algorithm.dynamicSampling.maxRounds is 9; set at most 8, or fewer tokens: ' +
      'algorithm.samplesPerStep x sampling.groupSize x sampling.maxNewTokens x maxRounds is at most 16777216.',
    () =>
      config('algorithm: { samplesPerStep: 64, dynamicSampling: { maxRounds: 9 } }\nsampling: { groupSize: 256 }\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:35: algorithm.samplesPerPart is 1; set at least 2, or leave it out: with ' +
      'algorithm.samplesPerStep 101 a step would have 101 parts, and has at most 100.',
    () => config('algorithm: { samplesPerStep: 101, samplesPerPart: 1 }\n'),
  ],
  [
    'InvalidConfig: policy.model: a fork continues with the policy of run parent, and would not use /models/other; ' +
      'leave it out, or start a run from that model: videocap run CONFIG --set policy.model=/models/other',
    () => forkConfig('parent', config(''), { 'policy.model': '/models/other' }),
  ],
  [
    'name at most 32 of them, not 33: each is a metric of every step.',
    async () => {
      const custom = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`m${i}`, { kind: 'http' }]));
      return (await sentenceOf(() => config('', { 'reward.custom': custom }))).split('; ').at(-1);
    },
  ],
  [
    'InvalidConfig: lab.yaml: the config has 81537 bytes as JSON, more than 65536; shorten prompt.texts.',
    () => config('', { 'prompt.texts': Array.from({ length: 40 }, (_, i) => `${'x'.repeat(1998)}${i}`) }),
  ],
  [
    'InvalidConfig: There is no config "quickstrat" (did you mean "quickstart"?). Known: bench-api, ' +
      'quickstart, sft, videocap-r1-qwen25vl-7b, videocap-r1-qwen2vl-7b, videocap-r1-qwen2vl-7b-lora, ' +
      'videocap-r1-qwen3vl-8b; or give the path of a YAML file.',
    () => loadConfig('quickstrat'),
  ],
  [
    'InvalidConfig: Config file /nowhere/lab.yaml does not exist; give the path of a YAML file, or a name ' +
      'such as "quickstart".',
    () => loadConfig('/nowhere/lab.yaml'),
  ],
  [
    'InvalidConfig: Config file ~ is a folder, not a file; give the path of a YAML file.',
    () => newFolder().then(loadConfig),
  ],
  [
    'InvalidConfig: lab.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end ' +
      'with a ]. Correct the YAML there.',
    () => config('algorithm:\n  steps: [1\nname: x\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: policy.model is "run:mine@20"; set the name under which the endpoint serves a ' +
      'model (policy.engine.kind is openai): export the checkpoint, and serve its folder.',
    () => config('policy: { model: "run:mine@20", engine: { kind: openai } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:48: policy.engine.extraBody.repetition_penalty is 1.2; leave it out: benchmarks set ' +
      'it (benchmark, captioning).',
    () => config('policy: { engine: { kind: openai, extraBody: { repetition_penalty: 1.2 } } }'),
  ],
  [
    'policy.engine.kind is openai: the endpoint that serves "eyes-7b" writes captions, and cannot train it; measure ' +
      'it with `videocap bench`, or set onnx or torch.',
    () => untrainable(config('policy: { model: eyes-7b, engine: { kind: openai } }').policy),
  ],
  ['InvalidConfig: lab.yaml:1:1: a config is a mapping such as "seed: 2", not a list.', () => config('- grpo\n')],
  [
    'InvalidConfig: lab.yaml:2:1: Tabs are not allowed as indentation. Correct the YAML there.',
    () => config('algorithm:\n\tsteps: 1\n'),
  ],
  ['InvalidConfig: lab.yaml:2:1: Map keys must be unique. Correct the YAML there.', () => config('seed: 1\nseed: 2\n')],
  [
    'InvalidConfig: lab.yaml:2:3: With stringKeys, all keys must be strings. Correct the YAML there.',
    () => config('seed: 1\n? [frames]\n: 1\n'),
  ],
  [
    'InvalidConfig: lab.yaml:2:14: values are nested more than 64 deep; write the config flatter.',
    () => config('algorithm: &all\n  optimizer: *all\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:13: Unresolved alias (the anchor must be set before the alias): b. Write the ' +
      'values out.',
    () => config('frames: &a [*b]\njudge: &b [*a]\n'),
  ],
  [
    'InvalidConfig: lab.yaml:2:8: Excessive alias count indicates a resource exhaustion attack. Write the ' +
      'values out.',
    () =>
      config(
        [...'abcdefghi']
          .map((name, i, all) => `${name}: &${name} [${Array(9).fill(i === 0 ? 'x' : `*${all[i - 1]}`)}]`)
          .join('\n'),
      ),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: the config has 70006 characters, more than 65536; name the file of an ' +
      'experiment.',
    () => config(`name: ${'a'.repeat(70_000)}`),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: name is ' +
      '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' +
      'aaaaaaaaaaaaaaa…; set a text that matches /^[a-z0-9][a-z0-9-]{0,62}$/.',
    () => config(`name: ${'a'.repeat(5000)}`),
  ],
  [
    'lab.yaml: 1 more value is wrong; correct these first.',
    () => lastLine(Array.from({ length: 21 }, (_, i) => `key${i}: 1`).join('\n')),
  ],
  [
    'lab.yaml: 2980 more values are wrong; correct these first.',
    () => lastLine(Array.from({ length: 3000 }, (_, i) => `key${i}: 1`).join('\n')),
  ],
  [
    'InvalidConfig: lab.yaml:3:3: algorithm.stepz is not a known field (did you mean "steps"?). Fields of ' +
      'algorithm of kind grpo: kind, steps, samplesPerStep, samplesPerPart, iterations, rolloutLag, beta, ' +
      'refreshReferenceEvery, clipLow, clipHigh, aggregation, scaleRewards, skipUniformGroups, ' +
      'dynamicSampling, optimizer.',
    () => config('algorithm:\n  kind: grpo\n  stepz: 10\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: learningRate is not a known field (did you mean ' +
      '"algorithm.optimizer.learningRate"?). Sections: name, tags, note, seed, dataset, frames, policy, prompt, ' +
      'algorithm, ' +
      'sampling, reward, judge, checkpoints, collapse, benchmark.',
    () => config('learningRate: 0.1\n'),
  ],
  [
    'InvalidConfig: lab.yaml:2:3: sampling.temprature is not a known field (did you mean "temperature"?). ' +
      'Fields of sampling: groupSize, temperature, maxNewTokens, topK, topP, minP, repetitionPenalty.',
    () => config('sampling:\n  temprature: 1\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:47: dataset.trainSamples is not a known field. Fields of dataset of kind ' +
      'jsonl: kind, train, heldOut, maxBadSamples, maxReferenceTokens.',
    () => config('dataset: { kind: jsonl, train: a, heldOut: b, trainSamples: 3 }'),
  ],
  [
    'InvalidConfig: override algorithm.stepz=10: algorithm.stepz is not a known field (did you mean ' +
      '"steps"?). Fields of algorithm of kind grpo: kind, steps, samplesPerStep, samplesPerPart, iterations, ' +
      'rolloutLag, beta, refreshReferenceEvery, clipLow, clipHigh, aggregation, scaleRewards, ' +
      'skipUniformGroups, dynamicSampling, optimizer.',
    () => config('algorithm: { kind: grpo }', { 'algorithm.stepz': 10 }),
  ],
  [
    'InvalidConfig: lab.yaml:1:26: algorithm.beta is not a known field. Fields of algorithm of kind sft: ' +
      'kind, steps, samplesPerStep, optimizer. To change the kind, set the whole section: --set ' +
      "'algorithm={kind: sft}'.",
    () => config('algorithm: { kind: grpo, beta: 0.1 }', { 'algorithm.kind': 'sft' }),
  ],
  [
    'InvalidConfig: override algorithm.steps="ten": algorithm.steps is "ten"; set a number.',
    () => config('algorithm: { kind: grpo, steps: 3 }', { 'algorithm.steps': 'ten' }),
  ],
  [
    'InvalidConfig: Override key "algorithm..steps" is not a dotted key; write one such as "algorithm.steps".',
    () => config('', { 'algorithm..steps': 1 }),
  ],
  ['InvalidConfig: lab.yaml:1:1: seed is "one"; set a number.', () => config('seed: "one"')],
  [
    'InvalidConfig: lab.yaml:1:13: sampling.groupSize is 1; set a number of at least 2.',
    () => config('sampling: { groupSize: 1 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:38: algorithm.steps is NaN; set a number.\n' +
      'lab.yaml:1:26: algorithm.beta is Infinity; set a number.\n' +
      'lab.yaml:1:51: algorithm.clipLow is 1; set a number of at most 0.9999999.',
    () => config('algorithm: { kind: grpo, beta: .inf, steps: .nan, clipLow: 1 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:14: algorithm.kind is "grpoo"; set one of grpo, gspo, sft (did you mean ' + '"grpo"?).',
    () => config('algorithm: { kind: grpoo }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:27: algorithm.optimizer.beta1 is 0.99999999; set a number of at most 0.9999999: as a ' +
      '32-bit number it is 1, and the moment never changes.\n' +
      'lab.yaml:1:46: algorithm.optimizer.beta2 is 0.99999999; set a number of at most 0.9999999: as a 32-bit ' +
      'number it is 1, and the moment never changes.\n' +
      'lab.yaml:1:65: algorithm.optimizer.epsilon is 1e-50; set a number of at least 1e-44: as a 32-bit number ' +
      'it is 0.',
    () => config('algorithm: { optimizer: { beta1: 0.99999999, beta2: 0.99999999, epsilon: 1.0e-50 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:27: algorithm.optimizer.weightDecay is 1e-50; set 0, or a number of at least 1e-44: ' +
      'as a 32-bit number it is 0.\n' +
      'lab.yaml:1:49: algorithm.optimizer.maxGradNorm is 1e+40; set a number of at most 1e38: as a 32-bit number it ' +
      'is infinite.',
    () => config('algorithm: { optimizer: { weightDecay: 1.0e-50, maxGradNorm: 1.0e+40 } }'),
  ],
  ['InvalidConfig: lab.yaml:1:11: frames.count is 7; set a multiple of 2.', () => config('frames: { count: 7 }')],
  [
    'InvalidConfig: lab.yaml:1:21: frames.fps is 2; leave out count or fps: a fixed number of frames, or one that ' +
      'follows from the duration.',
    () => config('frames: { count: 8, fps: 2 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: frames.maxFrames is 16; set fps as well, or count alone: maxFrames bounds the ' +
      'number that follows from fps.',
    () => config('frames: { maxFrames: 16 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: frames.sampling is "end"; set one of middles, ends (did you mean "ends"?).',
    () => config('frames: { sampling: end }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: name is "My run"; set a text that matches /^[a-z0-9][a-z0-9-]{0,62}$/.',
    () => config('name: My run'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: frames is null; set a section with fields, or leave it out for the ' + 'defaults.',
    () => config('frames:\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: dataset.kind is missing; set one of shapes, jsonl.',
    () => config('dataset: { trainSamples: 3 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:21: reward.custom.__proto__ is a name that no field can have; choose another.',
    () => config('reward: { custom: { __proto__: { kind: module } } }'),
  ],
  [
    'InvalidConfig: override judge.query: judge.query.__proto__ is a name that no field can have; choose ' + 'another.',
    () => config('', { 'judge.query': JSON.parse('{"__proto__": "x"}') }),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: dataset.train[0].weight is 0; set a number of at least 0.000001.',
    () => config('dataset: { kind: jsonl, train: [{ path: a, weight: 0 }], heldOut: h }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:25: dataset.train is [{"path":"a"},{"path":"a"}]; name every file once.',
    () => config('dataset: { kind: jsonl, train: [{ path: a }, { path: a }], heldOut: h }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:25: dataset.train is [{"pth":"a"}]; set the path of a JSONL file, or a list of ' +
      'them such as [{ path: a.jsonl, weight: 2 }, { path: b.jsonl }].',
    () => config('dataset: { kind: jsonl, train: [{ pth: a }], heldOut: h }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:25: dataset.train is 7; set the path of a JSONL file, or a list of them such ' +
      'as [{ path: a.jsonl, weight: 2 }, { path: b.jsonl }].',
    () => config('dataset: { kind: jsonl, train: 7, heldOut: h }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: policy.model is "run:a@b"; write run:RUN@STEP, or run:RUN for the last ' +
      'step, with a run that `videocap status` lists as RUN.',
    () => config('policy: { model: "run:a@b" }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:41: checkpoints.best.mode is "most"; set one of max, min.',
    () => config('checkpoints: { best: { metric: eventF1, mode: most } }'),
  ],
  [
    'InvalidConfig: lab.yaml:2:14: benchmark.everySteps is 0; set a number above 0: checkpoints.best compares ' +
      'the evaluations of every so many steps.',
    () => config('checkpoints: { best: { metric: eventF1 } }\nbenchmark: { everySteps: 0 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:24: checkpoints.best.metric is "constructor"; the held-out benchmark does not ' +
      'measure it: set one of eventF1, eventRecall, eventPrecision, actionF1, actionRecall, actionPrecision, ' +
      'objectF1, objectRecall, objectPrecision, think, format, distinctCaptions, meanTokens.',
    () => config('checkpoints: { best: { metric: constructor } }'),
  ],
  [
    'InvalidConfig: lab.yaml:2:25: prompt.texts[1] is "Look at <|video_pad|>."; leave out special tokens such ' +
      'as <|video_pad|>: the chat template of the model sets them.\n' +
      'lab.yaml:2:51: prompt.texts[2] is ""; set a text that is not empty.',
    () => config('prompt:\n  texts: [Describe it., "Look at <|video_pad|>.", ""]\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: prompt.texts is []; set a list with at least 1 item.',
    () => config('prompt: { texts: [] }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: prompt.texts is ["One.","One."]; name every text once.',
    () => config('prompt: { texts: [One., One.] }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:25: benchmark.topK is 20; set benchmark.temperature above 0, or leave it out: ' +
      'at 0 the likeliest token is taken, whatever topK is.\n' +
      'lab.yaml:1:14: benchmark.topP is 0.9; set benchmark.temperature above 0, or leave it out: at 0 the ' +
      'likeliest token is taken, whatever topP is.',
    () => config('benchmark: { topP: 0.9, topK: 20 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:13: sampling.topP is 0; set a number more than 0.\n' +
      'lab.yaml:1:22: sampling.repetitionPenalty is 0; set a number of at least 0.1.',
    () => config('sampling: { topP: 0, repetitionPenalty: 0 }'),
  ],
  [
    'InvalidConfig: lab.yaml:3:3: judge.baseUrl is "somewhere"; set a URL such as "https://host/v1".\n' +
      'lab.yaml:1:1: judge.model is missing; set a text.',
    () => config('judge:\n  kind: llm\n  baseUrl: somewhere\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:10: judge.kind is "openai"; write llm; OpenAI\'s chat API is judge.provider: ' +
      'openai, the default.',
    () => config('judge: { kind: openai, model: m }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:21: judge.provider is "opnai"; set one of openai (did you mean "openai"?).',
    () => config('judge: { kind: llm, provider: opnai, model: m }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: judge.price is missing; set inputPerMillion and outputPerMillion (USD): at ' +
      'a price of 0, judge.budget.usd is never reached.',
    () => judge('budget: { usd: 5 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:31: judge.baseUrl is "https://***@host/v1"; set a URL without user name, ' +
      'password and query; the key goes into the environment variable that judge.apiKeyEnv names, and what else ' +
      'the query needs into judge.query.',
    () => judge('baseUrl: "https://me:hidden@host/v1"'),
  ],
  [
    'InvalidConfig: lab.yaml:1:31: judge.apiKeyEnv is (not shown: it may be a secret); set a text that ' +
      'matches /^[A-Z][A-Z0-9_]*$/.',
    () => judge('apiKeyEnv: sk-hidden'),
  ],
  [
    'InvalidConfig: lab.yaml:1:42: judge.headers.X Team is (not shown: it may be a secret); name an HTTP ' +
      'header by letters, digits, "-" and "_".',
    () => judge('headers: { X Team: TEAM }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:42: judge.headers.Content-Type is (not shown: it may be a secret); leave it ' +
      'out: HTTP itself sets it.',
    () => judge('headers: { Content-Type: TEAM }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:42: judge.headers.X-Team is (not shown: it may be a secret); set the name of ' +
      "an environment variable such as JUDGE_GATEWAY_TOKEN, and put the header's value there: a config holds no " +
      'secret.',
    () => judge('headers: { X-Team: hidden }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:42: judge.headers.Api is (not shown: it may be a secret); name it once: names ' +
      'of headers are the same in capitals and in small letters.\n' +
      'lab.yaml:1:52: judge.headers.api is (not shown: it may be a secret); name it once: names of headers are ' +
      'the same in capitals and in small letters.',
    () => judge('headers: { Api: KEY, api: KEY }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:40: judge.query.code is (not shown: it may be a secret); send a secret as a ' +
      'header (judge.headers): a config holds no secret.',
    () => judge('query: { code: hidden }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.model is "other"; set judge.model instead.',
    () => judge('extraBody: { model: other }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.messages is []; leave it out: a question has its own ' +
      'messages, and judge.systemRole says how they are sent.',
    () => judge('extraBody: { messages: [] }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.response_format is {}; set judge.answerFormat instead.',
    () => judge('extraBody: { response_format: {} }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.max_tokens is 9; set judge.maxTokens instead.',
    () => judge('extraBody: { max_tokens: 9 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.temperature is 1; leave it out: a judge is asked at ' +
      'temperature 0, so that it answers a question in one way.',
    () => judge('extraBody: { temperature: 1 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:44: judge.extraBody.stream is true; leave it out: answers are read whole.',
    () => judge('extraBody: { stream: true }'),
  ],
  [
    'InvalidConfig: lab.yaml: judge.kind is missing; set llm, with judge.baseUrl and judge.model: the suites ' +
      'of benchmark.suites are judged by a language model.',
    () => config('benchmark: { suites: [{ suite: dream1k, annotations: d.jsonl, videos: /v }] }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:25: benchmark.suites[0].suite is "dream2k"; set one of dream1k, vdc, carebench ' +
      '(did you mean "dream1k"?).',
    () =>
      config(
        'benchmark: { suites: [{ suite: dream2k, annotations: d.jsonl, videos: /v }] }\njudge: { kind: llm, model: m }',
      ),
  ],
  [
    'InvalidConfig: lab.yaml:1:14: benchmark.suites is ' +
      '[{"suite":"vdc","annotations":"a","videos":"v"},{"suite":"vdc","annotations":"b","videos":"v"}]; name ' +
      'every suite once.\n' +
      'lab.yaml: judge.kind is missing; set llm, with judge.baseUrl and judge.model: the suites of ' +
      'benchmark.suites are judged by a language model.',
    () =>
      config(
        'benchmark: { suites: [{ suite: vdc, annotations: a, videos: v }, { suite: vdc, annotations: b, videos: v }] }',
      ),
  ],
  [
    'InvalidConfig: override ' +
      'benchmark={"suites":[{"suite":"dream1k","annotations":"/a","videos":"/v"}],"judge":{"kind":"rule-based"}' +
      '}: benchmark.judge.kind is "rule-based"; set llm, with judge.baseUrl and judge.model: the suites of ' +
      'benchmark.suites are judged by a language model.',
    () =>
      loadConfig('quickstart', {
        benchmark: { suites: [{ suite: 'dream1k', annotations: '/a', videos: '/v' }], judge: { kind: 'rule-based' } },
      }),
  ],
  [
    'InvalidConfig: lab.yaml:3:23: reward.caption.thresholds[1] is "high"; set a number.',
    () => config('reward:\n  caption:\n    thresholds: [0.2, high]\n'),
  ],
  [
    'InvalidConfig: lab.yaml:3:5: reward.caption.thresholds is [0.2]; set a list with at least 2 items.',
    () => config('reward:\n  caption:\n    thresholds: [0.2]\n'),
  ],
  [
    'InvalidConfig: lab.yaml:3:5: reward.caption.thresholds is [0.5,0.2]; set the lower one, which gives 0.5, ' +
      'first, such as [0.28, 0.35].',
    () => config('reward:\n  caption:\n    thresholds: [0.5, 0.2]\n'),
  ],
  [
    'InvalidConfig: lab.yaml:1:22: reward.caption.variant is "completeness-naturalness"; set stepped, linear ' +
      'or f1, or judge.kind to llm: only a language model can rate captions as a whole.',
    () => config('reward: { caption: { variant: completeness-naturalness } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:22: reward.caption.weight is 1e-320; set 0, or a number of at least 0.000001: a ' +
      'smaller weight is lost to rounding.',
    () => config('reward: { caption: { weight: 1.0e-320 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:22: reward.caption.weight is 1e+308; set a number of at most 1000000000.',
    () => config('reward: { caption: { weight: 1e308 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: reward.overlong.maxTokens is missing; set a number.\n' +
      'lab.yaml:1:11: reward.overlong.cacheTokens is missing; set a number.',
    () => config('reward: { overlong: {} }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:37: reward.overlong.cacheTokens is 9; set at most maxTokens: the penalty grows ' +
      'over the last cacheTokens of them.',
    () => config('reward: { overlong: { maxTokens: 8, cacheTokens: 9 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:23: reward.overlong.maxTokens is 129; set at most sampling.maxNewTokens (128): ' +
      'no completion is longer.',
    () => config('reward: { overlong: { maxTokens: 129, cacheTokens: 9 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:29: reward.length.max is 8; set at least min: lengths from min to max are ' + 'wanted.',
    () => config('reward: { length: { min: 9, max: 8, fallOff: 1 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: reward.length.fallOff is missing; set a number.\n' +
      'lab.yaml:1:38: reward.length.falloff is not a known field (did you mean "fallOff"?). Fields of ' +
      'reward.length: weight, unit, min, max, fallOff.',
    () => config('reward: { length: { min: 9, max: 18, falloff: 1 } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:21: reward.custom.mean is {"kind":"module"}; its name cannot be used: choose ' +
      'another, since metrics and tables use this one.',
    () => config('reward: { custom: { mean: { kind: module } } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:43: reward.custom.mine.range is [1,0]; set the lower one first, such as [0, ' + '1].',
    () => config('reward: { custom: { mine: { kind: module, range: [1, 0] } } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:29: reward.custom.mine.kind is "modul"; set one of module, http (did you mean ' +
      '"module"?).',
    () => config('reward: { custom: { mine: { kind: modul } } }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:43: reward.custom.mine.path is not a known field. Fields of reward.custom.mine ' +
      'of kind module: kind, weight, range, timeoutSeconds, sha256.',
    () => config('reward: { custom: { mine: { kind: module, path: /etc/passwd } } }'),
  ],
  [
    'InvalidConfig: ~/own.yaml: reward is missing; add a reward that looks at the caption: one that needs no ' +
      'judge, such as rougeL: { weight: 1 }, or name a judge.',
    () => onPairs(''),
  ],
  [
    'InvalidConfig: ~/own.yaml:2:11: reward.think is {"weight":1}; no sample of ~/own.jsonl has the field ' +
      '"thought": add it with videocap annotate, or set reward.think.weight to 0.',
    () => onPairs('reward: { think: { weight: 1 } }'),
  ],
  [
    'InvalidConfig: ~/own.yaml:2:23: reward.caption is {"variant":"f1"}; nothing judges the captions of ' +
      '~/own.jsonl: set judge.kind to llm, with judge.baseUrl and judge.model, or set reward.caption.weight to ' +
      '0.',
    () => onPairs('reward: { rougeL: {}, caption: { variant: f1 } }'),
  ],
  [
    'InvalidConfig: ~/own.yaml:2:23: reward.qa is {}; nothing judges the captions of ~/own.jsonl: set ' +
      'judge.kind to llm, with judge.baseUrl and judge.model, or set reward.qa.weight to 0.',
    () => onPairs('reward: { rougeL: {}, qa: {} }'),
  ],
  [
    'InvalidConfig: ~/own.yaml:3:14: benchmark.metrics is ["events"]; nothing judges the captions of ' +
      '~/own.jsonl: set judge.kind to llm, with judge.baseUrl and judge.model, or leave out events.',
    () => onPairs('algorithm: { kind: sft }\nbenchmark: { metrics: [events] }'),
  ],
  [
    'InvalidConfig: ~/own.yaml:3:10: judge.kind is "rule-based"; the references of ~/own.jsonl are not of the ' +
      'small world: set llm, with judge.baseUrl and judge.model, or none.',
    () => onPairs('algorithm: { kind: sft }\njudge: { kind: rule-based }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: method has another form now; write algorithm: { kind: grpo } or algorithm: ' +
      '{ kind: sft }.',
    () => config('method: sft'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: grpo has another form now; write its fields under algorithm, beside kind: ' + 'grpo.',
    () => config('grpo: { steps: 3 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:1: sft has another form now; write its fields under algorithm, beside kind: ' + 'sft.',
    () => config('sft: { steps: 3 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: policy.engine has another form now; write policy.engine: { kind: onnx, ' +
      'threads: 2 }.',
    () => config('policy: { engine: onnx }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: policy.threads has another form now; write policy.engine: { kind: onnx, ' +
      'threads: 2 }.',
    () => config('policy: { threads: 4 }'),
  ],
  [
    'InvalidConfig: lab.yaml:1:11: reward.weights has another form now; write the weight into the component ' +
      'itself, such as reward.think.weight: 0.',
    () => config('reward: { weights: { think: 0 } }'),
  ],
  [
    'InvalidConfig: override grpo.steps=3: grpo has another form now; write its fields under algorithm, ' +
      'beside kind: grpo.',
    () => config('', { 'grpo.steps': 3 }),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:1: reward is not a known field (did you mean "rewards"?). Sections: ' +
      'rewards, keys, configs, rolloutServers.',
    () => allowed('reward: {}'),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:23: rewards.modules.x is "a.py"; set a text that matches /\\.m?[jt]s$/.',
    () => allowed('rewards: { modules: { x: a.py } }'),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:23: rewards.modules.../x is "a.ts"; its name cannot be used: set a text ' +
      'that matches /^[a-z][a-z0-9-]{0,31}$/.',
    () => allowed('rewards: { modules: { "../x": a.ts } }'),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:25: rewards.urls.x.url is "file:///etc/passwd"; set a URL such as ' +
      '"https://host/v1".',
    () => allowed('rewards: { urls: { x: { url: "file:///etc/passwd" } } }'),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:25: rewards.urls.x.url is "https://host/?***"; write no user, password ' +
      'or query into a URL: send secrets as headers.',
    () => allowed('rewards: { urls: { x: { url: "https://host/?key=abc" } } }'),
  ],
  ['InvalidConfig: ~/allowed.yaml:1:1: write a section such as "rewards:", not a list.', () => allowed('- rewards')],
  [
    'InvalidConfig: ~/allowed.yaml:1:57: rewards.urls.x.headers.Content-Length is (not shown: it may be a ' +
      'secret); leave it out: HTTP itself sets it.',
    () => allowed('rewards: { urls: { x: { url: "https://host", headers: { Content-Length: TOKEN } } } }'),
  ],
  [
    'InvalidConfig: ~/allowed.yaml:1:23: rewards.modules.__proto__ is a name that no field can have; choose ' +
      'another.',
    () => allowed('rewards: { modules: { __proto__: a.ts } }'),
  ],
];
