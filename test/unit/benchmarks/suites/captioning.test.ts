import { describe, expect, it, test } from 'vitest';
import { CaptioningConfig, captioningOf } from '../../../../benchmarks/suites/captioning.ts';
import { madeByPolicy } from '../../../../benchmarks/suites/made-by-policy.ts';
import { captionsText, madeWithText } from '../../../../benchmarks/suites/made-with.ts';
import { suiteNamed } from '../../../../benchmarks/suites/suites.ts';
import { Decoding } from '../../../../core/token-filters.ts';
import { FrameOptions } from '../../../../video/frame-options.ts';

const run = {
  prompt: 'Analyse, then describe.',
  frames: FrameOptions.parse({ count: 8, factor: 32 }),
  maxNewTokens: 128,
  decoding: Decoding.parse({ temperature: 0.5 }),
};
const of = (name: 'dream1k' | 'vdc' | 'carebench', own?: object) =>
  captioningOf(suiteNamed(name).captioning, run, own && CaptioningConfig.parse(own));

describe('clips of a suite are captioned as its authors do', () => {
  it.each([
    // configs/tarser2_default_config.yaml and scripts/run_inference_benchmark.sh of bytedance/tarsier.
    [
      'dream1k',
      { count: 16, sampling: 'ends', minPixels: 784, maxPixels: 460_800 },
      512,
      { temperature: 0, repetitionPenalty: 1 },
    ],
    // auroracap.py of rese1f/aurora: 16 frames, 378 * 378 pixels.
    [
      'vdc',
      { count: 16, sampling: 'ends', minPixels: 378 * 378, maxPixels: 378 * 378 },
      1024,
      { temperature: 0, repetitionPenalty: 1 },
    ],
    // scripts/captioning.sh and modeling_captioners.py of MCG-NJU/CaReBench: 128 * 28 * 28 pixels at least.
    [
      'carebench',
      { count: 32, sampling: 'middles', minPixels: 128 * 784, maxPixels: 230_400 },
      512,
      { repetitionPenalty: 1.2 },
    ],
  ] as const)('%s', (name, frames, maxNewTokens, decoding) => {
    expect(of(name)).toMatchObject({ like: 'authors', own: [], frames, maxNewTokens, decoding });
    // What no script says is the run's.
    expect(of(name).frames.factor).toBe(32);
    expect(of(name).prompt).toBeUndefined();
  });

  it('a user may change each of it, and the record says what', () => {
    const own = { prompt: 'What happens?', frames: { count: 4 }, maxNewTokens: 99, decoding: { temperature: 1 } };
    expect(of('carebench', own)).toEqual({
      ...{ like: 'authors', own: ['prompt', 'frames.count', 'maxNewTokens', 'decoding.temperature'] },
      ...{ prompt: 'What happens?', maxNewTokens: 99 },
      frames: { count: 4, sampling: 'middles', minPixels: 100_352, maxPixels: 230_400, factor: 32 },
      decoding: Decoding.parse({ temperature: 1, repetitionPenalty: 1.2 }),
    });
  });

  it('or take the run’s for all of it, and change that', () => {
    expect(of('vdc', { like: 'run' })).toEqual({ like: 'run', own: [], ...run });
    expect(of('vdc', { like: 'run', maxNewTokens: 9 })).toMatchObject({ own: ['maxNewTokens'], frames: run.frames });
  });

  it('a rate replaces the number of frames, and a number the rate', () => {
    const { count: _, ...authors } = of('dream1k').frames;
    expect(of('dream1k', { frames: { fps: 2 } }).frames).toEqual({ ...authors, fps: 2, maxFrames: 768 });
    const byRate = { ...run, frames: FrameOptions.parse({ fps: 2, maxFrames: 64, sampling: 'ends' }) };
    const ofRun = (frames: object) =>
      captioningOf(suiteNamed('vdc').captioning, byRate, CaptioningConfig.parse({ like: 'run', frames })).frames;
    const { fps: _fps, maxFrames: _most, ...rest } = byRate.frames;
    expect(ofRun({ count: 4 })).toEqual({ ...rest, count: 4 });
    expect(ofRun({ maxFrames: 16 })).toEqual({ ...byRate.frames, maxFrames: 16 });
    expect(ofRun({ sampling: 'middles' })).toEqual({ ...byRate.frames, sampling: 'middles' });
    expect(() => of('dream1k', { frames: { maxFrames: 16 } })).toThrow('field frames.maxFrames: set fps as well');
  });

  it.each([
    [{ frames: { count: 3 } }, ['frames', 'count']],
    [{ frames: { count: 8, fps: 2 } }, ['frames', 'fps']],
    [{ frames: { sampling: 'both' } }, ['frames', 'sampling']],
    [{ frames: { counts: 4 } }, ['frames']],
    [{ decoding: { topP: 0 } }, ['decoding', 'topP']],
    [{ decoding: { beams: 4 } }, ['decoding']],
    [{ prompt: ' ' }, ['prompt']],
    [{ maxNewTokens: 0 }, ['maxNewTokens']],
    [{ like: 'me' }, ['like']],
  ])('%j is refused at its field', (own, path) => {
    expect(CaptioningConfig.safeParse(own).error?.issues[0]?.path).toEqual(path);
  });

  it('refuses filters of tokens where the likeliest one is taken anyway', () => {
    expect(() => of('dream1k', { decoding: { topP: 0.9 } })).toThrow(
      'Captioning of the suite, field decoding: set temperature above 0 too: at 0 the likeliest token is taken',
    );
  });
});

test('every suite names the lines of the script that its settings come from', () => {
  for (const name of ['dream1k', 'vdc', 'carebench'] as const)
    expect(suiteNamed(name).captioning.source).toMatch(/^\S+\/\S+, .*:\d+/);
});

describe('what a figure was made with, in one line', () => {
  const asked = ['Describe the video.', 'Describe the video.'];

  it('one prompt is quoted, several are counted; both have a hash', () => {
    expect(captionsText(madeByPolicy(of('dream1k'), asked))).toBe(
      'prompt "Describe the video." (sha256 e1f46f960ba7), 16 frames, both ends among them, of 784 to 460800 pixels, ' +
        "at most 512 tokens, greedy, the authors' settings",
    );
    const several = captionsText(madeByPolicy(of('vdc', { maxNewTokens: 9 }), [...asked, 'What is it?']));
    expect(several.replace(/\w{12}/, 'HASH')).toBe(
      '2 prompts (sha256 HASH), 16 frames, both ends among them, of about 142884 pixels, at most 9 tokens, ' +
        "greedy, the authors' settings but for maxNewTokens",
    );
  });

  it('frames by rate, and both ends of the video', () => {
    const line = (frames: object) =>
      captionsText(madeByPolicy(of('dream1k', { frames }), asked)).split(', at most 512')[0];
    expect(line({ fps: 2, maxFrames: 64, sampling: 'middles' })).toMatch(
      / 2 frames a second, at most 64, of 784 to 460800 pixels$/,
    );
    expect(line({ fps: 0.5 })).toMatch(/ 0.5 frames a second, at most 768, both ends among them, of 784 to /);
    expect(line({ count: 8, sampling: 'middles' })).toMatch(/\), 8 frames of 784 to 460800 pixels$/);
  });

  it('the order in which clips are asked does not matter', () => {
    expect(madeByPolicy(run, ['b', 'a'])).toEqual(madeByPolicy(run, ['a', 'b', 'a']));
  });

  it('with judge, quirks and variants', () => {
    const captions = { by: 'file', file: '/d/p.jsonl', sha256: 'ab'.repeat(32), captions: 7 } as const;
    const made = { captions, quirks: [], variants: [] };
    expect(madeWithText(made, 'm')).toBe(
      'Made with: 7 captions of /d/p.jsonl (sha256 abababababab); judge m; quirks none',
    );
    expect(madeWithText({ ...made, quirks: ['dropZeros'], variants: ['answerOnly'] }, 'm')).toMatch(
      /; quirks dropZeros; own variants answerOnly$/,
    );
  });
});
