import { Command } from '@commander-js/extra-typings';
import { storeUrl } from '../../core/open-storage.ts';
import { namesTemporal } from '../../core/temporal-variables.ts';
import { deploymentSettings, ownVersion } from '../../workers/deployment.ts';
import { parseQueues, QUEUES, type ServedQueues } from '../../workers/queues.ts';
import { logLevel, readSettings } from '../../workers/settings.ts';
import { type Check, type Finding, findingOf } from '../doctor/check.ts';
import { hostChecks } from '../doctor/host-checks.ts';
import { type Services, serviceChecks } from '../doctor/service-checks.ts';
import { findInstallation, type Installation } from '../installation.ts';
import { examples, print, printable, printJson } from '../output/print.ts';
import { findServices } from '../servers/services.ts';

export const doctorCommand = new Command('doctor')
  .summary('check that this host can serve its queues')
  .description(
    'Checks the settings of a worker, Temporal, the store, MLflow, the judge of a config, disk, ffmpeg, engines and ' +
      'GPUs: a line for each, with the remedy where something is wrong. Changes nothing. A line that begins with ' +
      '"-" names what is missing, and what not every host needs. Exit status 1 when a check fails.',
  )
  .argument('[config]', 'also reach the judge of this experiment: a name in configs/, or a YAML file')
  .option('--queues <names>', 'the queues that this host is to serve (default: all)')
  .option('--deployment <name>', 'the deployment that its worker is to take part in')
  .option('--json', 'print the findings as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap doctor', 'everything on this machine'],
      ['videocap doctor --queues policy-torch', 'what a GPU host needs'],
      ['videocap doctor --deployment videocap', 'with whether its revision is the current one'],
      ['videocap doctor my.yaml', 'with the judge of an experiment'],
    ),
  )
  .action(async (config, { queues, deployment, json }) => {
    const installation = findInstallation();
    const env = {
      ...process.env,
      ...(queues !== undefined && { VIDEOCAP_QUEUES: queues }),
      ...(deployment !== undefined && { TEMPORAL_DEPLOYMENT_NAME: deployment }),
    };
    const served = parseQueues(env.VIDEOCAP_QUEUES);
    const findings: Finding[] = [];
    const make = async (check: Check) => {
      const finding = await findingOf(check);
      findings.push(finding);
      if (!json) print(lineOf(finding));
      return finding.state === 'ok';
    };
    // Without them it is not known which services the host uses.
    const areRead = await make({ name: 'settings', run: async () => settingsOf(env) });
    for (const check of [
      ...(areRead ? serviceChecks(await servicesOf(installation, { config, served, env })) : []),
      ...hostChecks(installation.home, (queue) => served.has(queue), Boolean(env.VIDEOCAP_QUEUES?.trim())),
    ])
      await make(check);
    if (json) printJson(findings);
    if (findings.some(({ state }) => state === 'fails')) process.exitCode = 1;
  });

const MARKS: Record<Finding['state'], string> = { ok: 'ok', missing: '-', fails: 'FAILS' };

function lineOf({ name, state, detail }: Finding): string {
  return `${MARKS[state].padEnd(6)}${name.padEnd(14)}${printable(detail)}`;
}

/** What a worker reads before anything else. @throws VideocapError `InvalidConfig`. */
function settingsOf(env: NodeJS.ProcessEnv): string {
  logLevel(env);
  const { queues } = readSettings(env);
  return `queues ${[...queues.keys()].join(', ')}`;
}

interface Asked {
  config: string | undefined;
  served: ServedQueues;
  env: NodeJS.ProcessEnv;
}

async function servicesOf(installation: Installation, { config, served, env }: Asked): Promise<Services> {
  const { temporalTarget } = await import('../../core/temporal-target.ts');
  const found = namesTemporal(env) ? undefined : await findServices(installation);
  const { home } = installation;
  const settings = deploymentSettings(env);
  return {
    temporal: temporalTarget(env, found?.temporal),
    mlflowUrl: (env.MLFLOW_TRACKING_URI || found?.mlflow) ?? 'http://127.0.0.1:5000',
    ...{ home, store: storeUrl(env), queues: QUEUES, served: [...served.keys()], config },
    version: settings && (await ownVersion(settings)),
  };
}
