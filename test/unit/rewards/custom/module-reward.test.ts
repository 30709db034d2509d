import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpinCustomRewards } from '../../../../rewards/custom/custom-kinds.ts';
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
const because = (reason: string) => ({ unscorable: true, reason: `Reward mine: ${reason}` });

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
      because('it gave NaN, which is no score'),
      because('it gave Infinity, which is no score'),
      because('it gave 1.5, outside of its range from 0 to 1'),
      because('it gave -0.1, outside of its range from 0 to 1'),
      because('it gave a value of type string; a score is a number'),
      because('it gave a value of type undefined; a score is a number'),
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
      because('The thread of reward mine stopped: it ended with code 0.'),
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
    const changed =
      'The code of reward.custom.mine is not the code that the run began with: a file of it has changed: ' +
      'restore it, or fork the run, which takes the code as it is now, then `videocap resume`.';
    await expect(world.scores(before, scope, groupOf('x'))).rejects.toMatchObject({
      ...{ code: 'JudgeBlocked', message: changed },
    });
    // A fork of that run takes the code as it is.
    const fork = await world.pinned(unpinCustomRewards(before).custom!, scope);
    expect(await world.scores(fork, scope, groupOf('x'))).toEqual([[{ value: 0.5 }]]);
    await world.write('a.mjs', 'export const one = 1;');
    expect(await world.scores(before, scope, groupOf('x'))).toEqual([[{ value: 1 }]]);
  });

  test('does not depend on where the files lie', async () => {
    const text = 'export default () => 1;';
    await world.write('here/m.mjs', text);
    await world.write('there/m.mjs', text);
    const hashOf = async (path: string) =>
      (await world.pinned({ mine: { kind: 'module' } }, world.scope({ modules: { mine: path } }))).custom;
    expect(await hashOf('here/m.mjs')).toEqual(await hashOf('there/m.mjs'));
  });

  test('is refused where the config insists on another', async () => {
    const { scope, custom } = await moduleOf('export default () => 1;', { sha256: 'f'.repeat(64) });
    await expect(world.pinned(custom, scope)).rejects.toThrow(
      /has the hash [0-9a-f]{64}, and the config insists on fff/,
    );
  });
});

describe('before a run begins', () => {
  const refused = (custom: object, allowed: object) => expect(world.pinned(custom, world.scope(allowed))).rejects;
  const mine = { mine: { kind: 'module' } };

  test('what is not allowed is refused, with what to write where', async () => {
    await refused(mine, {}).toMatchObject({
      code: 'InvalidConfig',
      message:
        'reward.custom.mine is not allowed on this worker: /home/allowed.yaml has no entry rewards.modules.mine: ' +
        "the worker's owner adds one there, such as rewards: { modules: { mine: rewards/mine.ts } }.",
    });
  });

  test('every fault is told', async () => {
    const custom = { ...mine, other: { kind: 'http' } };
    await refused(custom, {}).toThrow(/modules\.mine.*\n.*urls\.other/);
  });

  test('a module that is missing, does not compile, has no function or throws is refused', async () => {
    await refused(mine, { modules: { mine: 'gone.ts' } }).toThrow(
      /gone\.ts, cannot be read \(ENOENT\): restore it, or correct its path in allowed\.yaml\./,
    );
    const fault = async (text: string) => {
      const { scope, custom } = await moduleOf(text);
      return world.pinned(custom, scope).then(
        () => 'none',
        (error: Error) => error.message,
      );
    };
    expect(await fault('export default (')).toMatch(/^reward\.custom\.mine does not compile: .*correct its file\.$/);
    expect(await fault("import './gone.mjs'; export default () => 1;")).toMatch(/Could not resolve "\.\/gone\.mjs"/);
    expect(await fault('export const reward = () => 1;')).toMatch(/it has no function as its default export/);
    expect(await fault("throw new Error('no model');")).toMatch(/it cannot be loaded: no model: correct its file\.$/);
    expect(await fault('process.exit(3); export default () => 1;')).toMatch(/it cannot be loaded: .*ended with code 3/);
  });

  test('a link is refused, wherever it stands, and its goal is named', async () => {
    const real = await world.write('real/m.mjs', 'export default () => 1;');
    await symlink(real, join(world.folder, 'link.mjs'));
    await symlink(join(world.folder, 'real'), join(world.folder, 'linked'));
    for (const path of ['link.mjs', 'linked/m.mjs'])
      await refused(mine, { modules: { mine: path } }).toThrow(
        `${join(world.folder, path)}, is reached over a link, and leads to ${real}: ` +
          'write that path into allowed.yaml, if it is the one that you mean.',
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
