import { expect, it } from 'vitest';
import { engineOf, parseQueues, QUEUES } from '../../../workers/queues.ts';

it('serves every queue where none is named', () => {
  for (const text of [undefined, '', ' ', ',']) expect([...parseQueues(text).keys()]).toEqual(QUEUES);
  expect(parseQueues('').get('policy-torch')).toBe(1);
});

it('serves the named queues, each with its number of activities at once', () => {
  expect([...parseQueues('media, judge = 16,policy-onnx')]).toEqual([
    ['media', 4],
    ['judge', 16],
    ['policy-onnx', 1],
  ]);
});

it.each([
  [
    'gpu',
    'VIDEOCAP_QUEUES names the queue "gpu"; set it to some of videocap, media, judge, policy-openai, policy-onnx, ' +
      'policy-torch.',
  ],
  ['constructor', expect.stringMatching(/^VIDEOCAP_QUEUES names the queue "constructor"; /)],
  ['media,judge,media=2', 'VIDEOCAP_QUEUES is "media,judge,media=2"; name each queue once.'],
  ['judge=0', 'VIDEOCAP_QUEUES has "judge=0"; set a whole number of activities from 1 to 1000, such as judge=8.'],
  ['judge=many', 'VIDEOCAP_QUEUES has "judge=many"; set a whole number of activities from 1 to 1000, such as judge=8.'],
  ['judge=1=2', 'VIDEOCAP_QUEUES has "judge=1=2"; set a whole number of activities from 1 to 1000, such as judge=8.'],
  [
    'policy-onnx=2',
    'VIDEOCAP_QUEUES has "policy-onnx=2", but an engine computes one thing at a time; set policy-onnx alone, and ' +
      'start more workers.',
  ],
])('refuses %s', (text, message) => {
  expect(() => parseQueues(text)).toThrow(expect.objectContaining({ code: 'InvalidConfig', message }));
});

it('knows the engine of a queue', () => {
  expect(QUEUES.map(engineOf)).toEqual([undefined, undefined, undefined, undefined, 'onnx', 'torch']);
});
