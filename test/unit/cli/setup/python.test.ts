import { describe, expect, it } from 'vitest';
import { findPython, missingPython } from '../../../../cli/setup/python.ts';
import { naming } from '../../../refusal.ts';

describe('findPython', () => {
  it('finds one that can make environments', async () => {
    const { version } = await findPython();
    expect(version[0]! * 100 + version[1]!).toBeGreaterThanOrEqual(310);
  });

  it('uses the one that VIDEOCAP_PYTHON names, and no other', async () => {
    await expect(findPython({ ...process.env, VIDEOCAP_PYTHON: '/nowhere/python' })).rejects.toThrow(
      'found none (looked for /nowhere/python)',
    );
  });
});

describe('missingPython', () => {
  const need = { what: 'The Temporal and MLflow servers are', oldestMinor: 10 };
  const old = { executable: '/usr/bin/python3', version: [3, 9, 2], venv: true, pip: true };

  it('lists the Pythons that it found, and how to get one that works', () => {
    expect(missingPython(['python3'], [], need)).toEqual(naming(need.what, '3.10', 'python3', 'VIDEOCAP_PYTHON'));
    expect(missingPython(['python3'], [old], need)).toEqual(naming('3.10', '/usr/bin/python3 (3.9.2)'));
  });

  it('names the package that Debian leaves out', () => {
    const bare = { executable: '/usr/bin/python3', version: [3, 11, 2], venv: true, pip: false };
    expect(missingPython(['python3'], [old, bare], need)).toEqual(
      naming('/usr/bin/python3 (3.11.2) lacks pip', 'apt-get install python3.11-venv'),
    );
  });
});
