import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endGroup, identify, isAlive } from '../../../../cli/servers/process-identity.ts';

/** A process that leads a group and has a child in it; with `stubborn` both ignore being asked to end. */
async function startGroup({ stubborn }: { stubborn: boolean }) {
  const ignore = stubborn ? "process.on('SIGTERM', () => {});" : '';
  const idle = `${ignore} setInterval(() => {}, 1000); console.log('up');`;
  const program =
    `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(idle)}], { stdio: 'inherit' }); ` +
    `${ignore} setInterval(() => {}, 1000);`;
  const leader = spawn(process.execPath, ['-e', program], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(leader.stdout!, 'data');
  return { leader, identity: identify(leader.pid!)!, ended: once(leader.stdout!, 'close') };
}

describe('endGroup', () => {
  it.each([false, true])('ends a process and its children (stubborn: %s)', async (stubborn) => {
    const { identity, ended } = await startGroup({ stubborn });
    expect(isAlive(identity)).toBe(true);
    await endGroup(identity, stubborn ? 100 : 10_000);
    expect(isAlive(identity)).toBe(false);
    await ended; // the pipe closes when its last holder, the child, is gone
  });

  it('ends the children that a killed leader left behind', async () => {
    const { leader, identity, ended } = await startGroup({ stubborn: false });
    leader.kill('SIGKILL');
    await once(leader, 'exit');
    expect(isAlive(identity)).toBe(false);
    await endGroup(identity, 10_000);
    await ended;
  });

  it('leaves alone a process that only has the same id', async () => {
    const { identity, ended } = await startGroup({ stubborn: false });
    await endGroup({ ...identity, started: 'at another time' }, 0);
    expect(isAlive(identity)).toBe(true);
    await endGroup(identity, 10_000);
    await ended;
  });
});
