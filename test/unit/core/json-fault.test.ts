import { expect, it } from 'vitest';
import { jsonFault } from '../../../core/json-fault.ts';

const faultOf = (text: string) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    return jsonFault(error as SyntaxError);
  }
};

it.each([['root:x:0:0:root:/root:/bin/bash'], ['{"a": 1, secret}'], ['{"a": "sk-secret'], ['[1, 2']])(
  'quotes nothing of %j',
  (text) => expect(faultOf(text)).toMatch(/^is no JSON( from character \d+ on)?$/),
);

it('names the place where the parser knows it', () => {
  expect(faultOf('{"a": 1, b}')).toBe('is no JSON from character 10 on');
});
