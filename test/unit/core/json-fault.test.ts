import { expect, it } from 'vitest';
import { jsonFileFault } from '../../../core/json-fault.ts';

const faultOf = (text: string) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    return jsonFileFault(error);
  }
};

it.each([['root:x:0:0:root:/root:/bin/bash'], ['{"a": 1, secret}'], ['{"a": "sk-secret'], ['[1, 2']])(
  'quotes nothing of %j',
  (text) => expect(faultOf(text)).toMatch(/^it is no JSON( from character \d+ on)?$/),
);

it('names the place where the parser knows it', () => {
  expect(faultOf('{"a": 1, b}')).toBe('it is no JSON from character 10 on');
});

it('passes other faults on', () => expect(jsonFileFault(new Error('ENOENT'))).toBe('ENOENT'));
