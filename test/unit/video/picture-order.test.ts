import { expect, test } from 'vitest';
import { inOrder } from '../../../video/picture-order.ts';

test.each<[string, string[]]>([
  ['whole numbers', ['f-1.jpg', 'F-2.png', 'f-10.webp']],
  ['seconds, as programs write them', ['0.0.jpg', '0.25.jpg', '0.5.jpg', '1.0.jpg', '2.jpg', '10.125.jpg', '10.5.jpg']],
  ['seconds in files of several formats', ['0.25.png', '0.5.jpg']],
  ['seconds with a text around them', ['cam2_t=0.05s.png', 'cam2_t=0.25s.png', 'cam2_t=0.5s.png']],
  ['seconds with as many digits each', ['0.25.jpg', '0.50.jpg', '1.10.jpg', '1.20.jpg']],
  ['parts and the pictures in them', ['1.8.jpg', '1.9.jpg', '1.10.jpg', '1.11.jpg', '2.1.jpg']],
  ['versions of three numbers', ['1.2.3.jpg', '1.2.25.jpg']],
  ['seconds after different texts: a rule for all of them is not known', ['a-0.5.jpg', 'a-0.25.jpg', 'b-0.1.jpg']],
  ['more digits than a number holds', ['90071992547409931.jpg', '90071992547409932.jpg']],
])('%s', (_, names) => {
  expect(inOrder([...names].reverse())).toEqual(names);
  expect(inOrder(names)).toEqual(names);
});
