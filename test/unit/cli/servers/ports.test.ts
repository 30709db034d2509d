import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { choosePort } from '../../../../cli/servers/ports.ts';
import { refusal } from '../../../refusal.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function occupiedPort(): Promise<number> {
  server = createServer();
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

describe('choosePort', () => {
  it('finds a free port', async () => {
    expect(await choosePort('mlflow', {})).toBeGreaterThan(1023);
  });

  it('takes the port that the environment asks for', async () => {
    const port = await occupiedPort();
    await new Promise((resolve) => server!.close(resolve));
    expect(await choosePort('mlflow', { VIDEOCAP_MLFLOW_PORT: String(port) })).toBe(port);
  });

  it('names the port that is taken, and the variable that asked for it', async () => {
    const port = await occupiedPort();
    await expect(choosePort('temporalUi', { VIDEOCAP_TEMPORAL_UI_PORT: String(port) })).rejects.toThrow(
      refusal('InvalidInput', `Port ${port} (VIDEOCAP_TEMPORAL_UI_PORT)`, 'in use'),
    );
  });

  it('refuses what is no port', async () => {
    await expect(choosePort('temporal', { VIDEOCAP_TEMPORAL_PORT: 'http' })).rejects.toThrow(
      refusal('InvalidInput', 'VIDEOCAP_TEMPORAL_PORT=http', 65_535),
    );
    await expect(choosePort('temporal', { VIDEOCAP_TEMPORAL_PORT: '70000' })).rejects.toThrow('70000 is no port');
  });

  it('keeps the port of the last time, unless that is taken', async () => {
    const before = await choosePort('mlflow', {});
    expect(await choosePort('mlflow', {}, { before })).toBe(before);
    const taken = await occupiedPort();
    expect(await choosePort('mlflow', {}, { before: taken })).not.toBe(taken);
  });

  it('gives no port twice', async () => {
    const before = await choosePort('mlflow', {});
    expect(await choosePort('temporal', {}, { before, taken: [before] })).not.toBe(before);
    await expect(
      choosePort('temporal', { VIDEOCAP_TEMPORAL_PORT: String(before) }, { taken: [before] }),
    ).rejects.toThrow('is in use');
  });
});
