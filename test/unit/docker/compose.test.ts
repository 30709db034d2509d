import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../configs/load-config.ts';
import { registrationCommand, SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import type { TorchConfig } from '../../../policy/torch/torch-config.ts';
import { serveCommand } from '../../../policy/torch/vllm/serve-command.ts';
import { parseQueues, QUEUES } from '../../../workers/queues.ts';

interface Service {
  image: string;
  environment?: Record<string, string>;
  command?: string[];
  entrypoint?: string[];
  build?: { target: string };
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  healthcheck?: unknown;
  mem_limit?: string;
  cap_drop?: string[];
  security_opt?: string[];
  read_only?: boolean;
  profiles?: string[];
  depends_on?: Record<string, object>;
}
const text = await readFile('docker/compose.yaml', 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; secrets: Record<string, unknown> };
const services = Object.entries(compose.services);

it('has one worker for each queue; those of GPUs start on request', () => {
  const served = services.flatMap(([name, { environment }]) =>
    environment?.VIDEOCAP_QUEUES === undefined
      ? []
      : [...parseQueues(environment.VIDEOCAP_QUEUES).keys()].map((queue) => [queue, name]),
  );
  expect(served.map(([queue]) => queue).sort()).toEqual([...QUEUES].sort());
  expect(services.filter(([, { profiles }]) => profiles).map(([name]) => name)).toEqual(['policy-torch', 'vllm']);
});

it.each(services)('%s is pinned, limited, without privileges, checked, and open to this host alone', (_, service) => {
  expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-\w+)?$/);
  expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  expect(service.mem_limit).toMatch(/^\d+[gm]$/);
  for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret);
});

it('gives no service a secret in its environment or on its command line', () => {
  for (const [, { environment = {}, command = [] }] of services)
    for (const value of [...Object.values(environment), ...command])
      expect(value).not.toMatch(/(password|secret|key)\w*=(?!\$\$\(cat )/i);
});

it('gives Temporal the settings that the tests of several hosts use', () => {
  const { environment, volumes } = compose.services.temporal!;
  expect(volumes).toContain(`./temporal-settings.yaml:/etc/temporal/${environment!.DYNAMIC_CONFIG_FILE_PATH}:ro`);
});

it('starts vLLM as `videocap vllm-command` says for the config with adapters', async () => {
  const { policy, frames } = await loadConfig('videocap-r1-qwen2vl-7b-lora', {});
  const model = '/app/models/Qwen2-VL-7B-Instruct';
  const { env, args } = serveCommand(model, { ...(policy.engine as TorchConfig), frames, port: 8000 });
  const { command, entrypoint, environment } = compose.services.vllm!;
  expect([...entrypoint!, ...command!]).toEqual(['vllm', ...args]);
  expect(environment).toMatchObject(env);
});

it("uses the development servers' version of MLflow, and a Node that the project supports", async () => {
  const versionIn = async (file: string) => /^mlflow==(\S+)$/m.exec(await readFile(file, 'utf8'))?.[1];
  expect(await versionIn('docker/mlflow.in')).toBe(await versionIn('cli/setup/requirements/servers.in'));
  const [, major, minor] = /^FROM node:(\d+)\.(\d+)\./m.exec(await readFile('docker/Dockerfile', 'utf8'))!;
  expect([Number(major), Number(minor) >= 19]).toEqual([20, true]);
});

it('has the S3 server that the tests of several hosts use: earlier ones let two writers be the first', async () => {
  const [, version] = /versitygw: \{ version: '([\d.]+)'/.exec(
    await readFile('scripts/hosts/host-programs.ts', 'utf8'),
  )!;
  expect(await readFile('docker/Dockerfile', 'utf8')).toContain(`\nFROM versity/versitygw:v${version} AS bucket\n`);
  expect(compose.services.bucket!.build).toMatchObject({ target: 'bucket' });
});

it('gives the keys of endpoints to the worker that asks them', () => {
  const keyed = services.filter(([, { secrets = [] }]) => secrets.includes('OPENAI_API_KEY'));
  const served = keyed.flatMap(([, { environment }]) => [...parseQueues(environment!.VIDEOCAP_QUEUES).keys()]);
  expect(served.sort()).toEqual(['judge', 'policy-openai']);
});

it('registers all search attributes before a worker of workflows starts', () => {
  const { command, entrypoint } = compose.services['search-attributes']!;
  const names = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
  const words = [...entrypoint!, ...command!].filter((word, i, all) => ![word, all[i - 1]].includes('--address'));
  expect(words.join(' ')).toBe(registrationCommand(names, 'default'));
  expect(compose.services.workflows!.depends_on).toMatchObject({
    'search-attributes': { condition: 'service_completed_successfully' },
  });
});
