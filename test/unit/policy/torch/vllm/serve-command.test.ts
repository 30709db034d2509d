import { expect, test } from 'vitest';
import { commandLine, serveCommand } from '../../../../../policy/torch/vllm/serve-command.ts';

const frames = { minPixels: 784, maxPixels: 100_352 };

test('a server of adapters takes them at run time, and one of whole weights takes the requests that load them', () => {
  const lora = serveCommand('/m', { dtype: 'bfloat16', lora: { rank: 64, alpha: 128 }, frames, port: 8000 });
  expect(lora.env).toEqual({ VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1' });
  expect(lora.args.join(' ')).toContain('--enable-lora --max-lora-rank 64');
  const whole = serveCommand('/m', { dtype: 'bfloat16', frames, port: 8000 });
  expect(whole.env).toEqual({ VLLM_SERVER_DEV_MODE: '1' });
  expect(whole.args.join(' ')).not.toContain('lora');
});

test('it listens on this machine, computes in the dtype of the ranks, and scales no frame', () => {
  const { args } = serveCommand('/m', { dtype: 'float32', frames, port: 8123 });
  const flagOf = (name: string) => args[args.indexOf(name) + 1];
  expect(flagOf('--host')).toBe('127.0.0.1');
  expect(flagOf('--port')).toBe('8123');
  expect(flagOf('--dtype')).toBe('float32');
  expect(JSON.parse(flagOf('--mm-processor-kwargs')!)).toEqual({
    size: { shortest_edge: 784, longest_edge: 100_352 },
  });
});

test('the line is one for a shell', () => {
  expect(commandLine({ env: { A: '1' }, args: ['serve', "/it's here", '--port', '1', '{"a":1}'] })).toBe(
    `A=1 vllm serve '/it'\\''s here' --port 1 '{"a":1}'`,
  );
});
