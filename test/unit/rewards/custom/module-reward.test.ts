import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpinCustomRewards } from '../../../../rewards/custom/custom-kinds.ts';
import { naming, refusal } from '../../../refusal.ts';
import { CustomWorld, groupOf } from './custom-world.ts';

let world: CustomWorld;
beforeAll(async () => {
  world = await CustomWorld.create();
});
afterAll(() => world.remove());

let files = 0;

/** A module with this text, allowed and named in a config. */
async function moduleOf(text: string, config: object = {}) {
  const path = `module-${++files}.ts`;
  await world.write(path, text);
  const scope = world.scope({ modules: { mine: path } });
  const custom = { mine: { kind: 'module', ...config } };
  return { path, scope, custom };
}

/** What a module says of completions with these captions. */
async function scored(text: string, captions: string[], config: object = {}) {
  const { scope, custom } = await moduleOf(text, config);
  const [scores] = await world.scores(await world.pinned(custom, scope), scope, groupOf(...captions));
  return scores!;
}

/** A module that does what a caption says. */
const OBEDIENT = `export default async ({ caption }) => {
  if (caption === 'throw') throw new Error('no such word');
  if (caption === 'throw nothing') throw null;
  if (caption === 'loop') for (;;);
  if (caption === 'wait') await new Promise((resolve) => setTimeout(resolve, 1e9));
  if (caption === 'exit') process.exit(0);
  if (caption === 'text') return '1';
  if (caption === 'nothing') return;
  if (caption === 'null') return null;
  return Number(caption);
};`;
const because = (...named: string[]) => ({ unscorable: true, reason: naming('Reward mine: ', ...named) });

describe('a module', () => {
  test('gets completion and sample, without the place of the video', async () => {
    const text = `export default (completion, sample) => {
      if ('video' in sample) throw new Error('a path');
      return sample.events.length + completion.text.length / 1000 + (completion.caption === 'x' ? 0.5 : 0);
    };`;
    expect(await scored(text, ['x', 'yy'], { range: [0, 2] })).toEqual([{ value: 1.518 }, { value: 1.019 }]);
  });

  test('that throws, gives no number or one outside of the range: unscorable, with the reason', async () => {
    const captions = [
      '0.5',
      'throw',
      'throw nothing',
      'NaN',
      'Infinity',
      '1.5',
      '-0.1',
      'text',
      'nothing',
      'null',
      '1',
    ];
    expect(await scored(OBEDIENT, captions)).toEqual([
      { value: 0.5 },
      because('it threw "no such word"'),
      because('it threw "null"'),
      because('NaN', 'no score'),
      because('Infinity', 'no score'),
      because('1.5', '0 to 1'),
      because('-0.1', '0 to 1'),
      because('type string'),
      because('type undefined'),
      because('it gave no score'),
      { value: 1 },
    ]);
  });

  test('that loops, waits for ever or ends its thread: unscorable, and the next completion is scored', async () => {
    expect(await scored(OBEDIENT, ['loop', '1', 'wait', '0', 'exit', '0.5'], { timeoutSeconds: 0.5 })).toEqual([
      because('it took longer than 0.5 s'),
      { value: 1 },
      because('it took longer than 0.5 s'),
      { value: 0 },
      because('code 0'),
      { value: 0.5 },
    ]);
  });

  test('may import files, data and packages, in CommonJS too', async () => {
    await world.write('words.json', '["red"]');
    await world.write('lib/half.mjs', 'export const half = 0.5;');
    await world.write('node_modules/old/index.js', "module.exports = require('os').EOL.length > 0 ? 0.25 : 0;");
    const text = `import old from 'old'; import { half } from './lib/half.mjs'; import words from './words.json';
      export default ({ caption }: { caption: string }): number => (words.includes(caption) ? half : old);`;
    expect(await scored(text, ['red', 'blue'])).toEqual([{ value: 0.5 }, { value: 0.25 }]);
  });

  test('a long reason is cut', async () => {
    const [score] = await scored(`export default () => { throw new Error('x'.repeat(5000)); };`, ['a']);
    expect((score as { reason: string }).reason.length).toBeLessThan(350);
  });
});

describe('the code of a run', () => {
  test('is noted in its config: the hash of the module and of what it imports', async () => {
    await world.write('a.mjs', 'export const one = 1;');
    const { scope, custom } = await moduleOf(`import { one } from './a.mjs'; export default () => one;`);
    const before = await world.pinned(custom, scope);
    expect(before.custom!.mine).toMatchObject({ kind: 'module', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await world.pinned(custom, scope)).toEqual(before);
    await world.write('a.mjs', 'export const one = 0.5;');
    await expect(world.scores(before, scope, groupOf('x'))).rejects.toThrow(
      refusal('JudgeBlocked', 'reward.custom.mine', 'has changed', 'fork the run', '`videocap resume`'),
    );
    // A fork of that run takes the code as it is.
    const fork = await world.pinned(unpinCustomRewards(before).custom!, scope);
    expect(await world.scores(fork, scope, groupOf('x'))).toEqual([[{ value: 0.5 }]]);
    await world.write('a.mjs', 'export const one = 1;');
    expect(await world.scores(before, scope, groupOf('x'))).toEqual([[{ value: 1 }]]);
  });

  test('does not depend on where the files are', async () => {
    const text = 'export default () => 1;';
    await world.write('here/m.mjs', text);
    await world.write('there/m.mjs', text);
    const hashOf = async (path: string) =>
      (await world.pinned({ mine: { kind: 'module' } }, world.scope({ modules: { mine: path } }))).custom;
    expect(await hashOf('here/m.mjs')).toEqual(await hashOf('there/m.mjs'));
  });

  test('is refused where the config insists on another', async () => {
    const { scope, custom } = await moduleOf('export default () => 1;', { sha256: 'f'.repeat(64) });
    await expect(world.pinned(custom, scope)).rejects.toThrow(/reward\.custom\.mine .*[0-9a-f]{64}, .* f{64}:/);
  });
});

describe('before a run begins', () => {
  const refused = (custom: object, allowed: object) => expect(world.pinned(custom, world.scope(allowed))).rejects;
  const mine = { mine: { kind: 'module' } };

  test('what is not allowed is refused, with what to write where', async () => {
    await refused(mine, {}).toThrow(
      refusal(
        'InvalidConfig',
        ...['reward.custom.mine', '/home/allowed.yaml', 'rewards.modules.mine', '{ mine: rewards/mine.ts }'],
      ),
    );
  });

  test('the error lists every fault', async () => {
    const custom = { ...mine, other: { kind: 'http' } };
    await refused(custom, {}).toThrow(/modules\.mine.*\n.*urls\.other/);
  });

  test('a module that is missing, does not compile, has no function or throws is refused', async () => {
    await refused(mine, { modules: { mine: 'gone.ts' } }).toThrow(
      refusal('InvalidConfig', 'reward.custom.mine', 'gone.ts', 'ENOENT', 'allowed.yaml'),
    );
    const fault = async (text: string) => {
      const { scope, custom } = await moduleOf(text);
      return world.pinned(custom, scope).then(
        () => 'none',
        (error: Error) => error.message,
      );
    };
    expect(await fault('export default (')).toMatch(/^reward\.custom\.mine does not compile: /);
    expect(await fault("import './gone.mjs'; export default () => 1;")).toMatch(/Could not resolve "\.\/gone\.mjs"/);
    expect(await fault('export const reward = () => 1;')).toMatch(/reward\.custom\.mine .*default export/);
    expect(await fault("throw new Error('no model');")).toMatch(/reward\.custom\.mine .*loaded: no model: /);
    expect(await fault('process.exit(3); export default () => 1;')).toMatch(/reward\.custom\.mine .*code 3/);
  });

  test('a link is refused, wherever it stands, and its goal is named', async () => {
    const real = await world.write('real/m.mjs', 'export default () => 1;');
    await symlink(real, join(world.folder, 'link.mjs'));
    await symlink(join(world.folder, 'real'), join(world.folder, 'linked'));
    for (const path of ['link.mjs', 'linked/m.mjs'])
      await refused(mine, { modules: { mine: path } }).toThrow(
        refusal('InvalidConfig', join(world.folder, path), 'a link', `leads to ${real}:`, 'allowed.yaml'),
      );
  });

  test('a file that becomes a link is refused in the midst of a run, too', async () => {
    const { scope, custom, path } = await moduleOf('export default () => 1;');
    const reward = await world.pinned(custom, scope);
    await rename(join(world.folder, path), join(world.folder, 'moved.ts'));
    await writeFile(join(world.folder, 'evil.ts'), 'export default () => 1;');
    await symlink(join(world.folder, 'evil.ts'), join(world.folder, path));
    await expect(world.scores(reward, scope, groupOf('x'))).rejects.toMatchObject({ code: 'JudgeBlocked' });
  });
});
