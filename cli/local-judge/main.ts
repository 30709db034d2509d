import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { printNote } from '../output/print.ts';
import { choosePort } from '../servers/ports.ts';
import { Report } from '../setup/report.ts';
import { installLocalJudge } from './install.ts';
import { type LocalJudge, startLocalJudge } from './local-judge.ts';

/** The one that `configs/examples/local-judge.yaml` names. */
const USUAL_PORT = 8177;

/**
 * `npm run judge:local`: a small language model as the judge, on this machine, without cost. Installs it,
 * prints how to use it, and serves until Ctrl-C. `VIDEOCAP_JUDGE_PORT` fixes its port; else it is 8177 or a free one.
 */
async function main(): Promise<void> {
  const installation = findInstallation();
  const report = new Report();
  await installLocalJudge(installation, report);
  const port = await choosePort('judge', process.env, { before: USUAL_PORT });
  const judge = await report.step('Local judge', () => startLocalJudge(installation, { port }));
  process.stdout.write(`${usage(judge)}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void judge.stop());
  const { unexpected } = await judge.ended;
  if (unexpected !== undefined)
    throw new VideocapError('Unavailable', `The local judge ended by itself. It said last:\n${unexpected}`);
}

function usage({ baseUrl, model }: LocalJudge): string {
  const elsewhere = new URL(baseUrl).port === String(USUAL_PORT) ? '' : ` \\\n    --set judge.baseUrl=${baseUrl}`;
  return `
${model} answers at ${baseUrl} until Ctrl-C.

In a config:
  judge:
    kind: llm
    baseUrl: ${baseUrl}
    model: ${model}
    apiKeyEnv: LOCAL_JUDGE_KEY    # any text: export LOCAL_JUDGE_KEY=none
    concurrency: 2

Or with the example config, which has these settings, in another terminal:
  export LOCAL_JUDGE_KEY=none
  npm run videocap -- annotate configs/examples/own-data.jsonl --out annotated.jsonl \\
    --config configs/examples/local-judge.yaml${elsewhere}

It is a model of 135 million parameters: it shows that everything works, and judges badly.`;
}

try {
  await main();
} catch (error) {
  printNote(`${error instanceof VideocapError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
