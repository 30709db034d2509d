import { expect, test } from 'vitest';
import { Identity } from '../../../core/identity.ts';
import { instructionsIn, machineIdentity } from '../../../core/machine.ts';

const XEON = `processor\t: 0
flags\t\t: fpu vme sse4_1 sse4_2 aes avx f16c rdrand fma avx2 avx512f avx512vl amx_bf16 avx_vnni md_clear
processor\t: 1
flags\t\t: fpu
`;

test('of the instruction sets those count by which kernels are chosen, of the first processor', () => {
  expect(instructionsIn(XEON)).toBe('amx_bf16 avx avx2 avx512f avx512vl avx_vnni f16c fma sse4_2');
});

test('of an ARM processor too', () => {
  expect(instructionsIn('Features\t: fp asimd evtstrm aes crc32 asimddp sve i8mm\n')).toBe('asimd asimddp i8mm sve');
});

test('where there is no such file, there are none', () => {
  expect(instructionsIn('')).toBe('');
});

test('this machine has an identity, the same each time', async () => {
  const identity = Identity.parse(await machineIdentity());
  expect(identity).toMatchObject({ system: `${process.platform}-${process.arch}`, processor: expect.any(String) });
  expect(await machineIdentity()).toEqual(identity);
});
