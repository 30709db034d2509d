import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { annotateCommand, annotationLines } from '../../cli/commands/annotate.ts';
import { amount, collectOverride, runName, wholeNumber } from '../../cli/commands/arguments.ts';
import { benchCommand, sourceOf, whatToMeasure } from '../../cli/commands/bench.ts';
import { cancelledSentence } from '../../cli/commands/cancel.ts';
import { checkpointConfig, configNote } from '../../cli/commands/checkpoint-config.ts';
import { onlyOne, runsOfArms } from '../../cli/commands/compare.ts';
import { noSetting } from '../../cli/commands/configs.ts';
import { deletedSentence, goesOn, needsYes, planSentence } from '../../cli/commands/delete.ts';
import { collectionLines } from '../../cli/commands/gc.ts';
import { withoutLines } from '../../cli/commands/logs.ts';
import { endedRun, needsSteps } from '../../cli/commands/message-run.ts';
import { stopsAnyway } from '../../cli/commands/resume.ts';
import { settingHint } from '../../cli/commands/setting-hint.ts';
import { filtersNothing, watchesNothing } from '../../cli/commands/status.ts';
import { keyTrap } from '../../cli/output/key-trap.ts';
import { unscoredNotes } from '../../cli/output/result-table.ts';
import { runLines } from '../../cli/output/run-lines.ts';
import { memoryWarning, requireFits } from '../../cli/plan/memory-verdict.ts';
import { planExperiment } from '../../cli/plan/plan-experiment.ts';
import { unansweredSentence } from '../../cli/run/after-resume.ts';
import { noWorker } from '../../cli/run/ask-status.ts';
import { countedTwice, untrained } from '../../cli/run/compared-runs.ts';
import { originOf } from '../../cli/run/ended-run.ts';
import { explainFailure } from '../../cli/run/explain-failure.ts';
import { notEnded, requirePath } from '../../cli/run/start-checkpoint.ts';
import { unansweredCall } from '../../cli/run/unanswered-call.ts';
import { waitingSentence } from '../../cli/run/waiting-activities.ts';
import { launch } from '../../cli/servers/launch.ts';
import { choosePort } from '../../cli/servers/ports.ts';
import { refusedRequest } from '../../cli/servers/refused-request.ts';
import { readState } from '../../cli/servers/service-state.ts';
import { findPython, missingPython } from '../../cli/setup/python.ts';
import { tooLittleRoom } from '../../cli/setup/uv.ts';
import { loadConfig } from '../../configs/load-config.ts';
import { GPUS } from '../../policy/plan/gpus.ts';
import { findChromium } from '../../scripts/browser/find-chromium.ts';
import { readAlertRules } from '../../workers/alerts/alert-rules.ts';
import { unregistered } from '../../workers/search-attributes.ts';
import type { PinnedSentence } from './sentence.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'videocap-commands-'));

const planOf = async (config: string, gpu: string, overrides: Record<string, unknown>) =>
  planExperiment(await loadConfig(config, overrides), { gpu: GPUS[gpu]!, mfu: 0.35 });

/** The message of an error that is returned, not thrown. */
const explained = (error: Error) => explainFailure(error, 'my-run').message;
const failed = (cause: Error) => explained(new WorkflowFailedError('x', cause, 'NON_RETRYABLE_FAILURE'));
const ended = (type: string) =>
  originOf({ workflowId: 'my-run', memo: {}, type } as unknown as WorkflowExecutionDescription);

const launching = async (program: string, args: string[], patience = 15) =>
  launch(
    {
      ...{ title: 'The service', program, args, env: process.env, cwd: tmpdir() },
      ...{ log: join(await newFolder(), 'service.log'), isReady: async () => false, patience },
    },
    async () => {},
  );

async function takenPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    return await choosePort('temporalUi', { VIDEOCAP_TEMPORAL_UI_PORT: String(port) });
  } catch (error) {
    (error as Error).message = (error as Error).message.replace(String(port), '8080');
    throw error;
  } finally {
    server.close();
  }
}
async function damagedState() {
  const folder = await newFolder();
  await writeFile(join(folder, 'services.json'), '{"services":');
  return readState(folder);
}

const NEED = { what: 'The Temporal and MLflow servers are', oldestMinor: 10 };
const python = (minor: number, pip = true) => ({ executable: '/bin/python3', version: [3, minor, 2], venv: true, pip });
const removed = (files: number) => {
  const nothing = { files: 0, bytes: 0 };
  const kinds = { runs: { files, bytes: 2000 }, checkpoints: nothing, frames: nothing, data: nothing };
  return collectionLines(
    {
      removed: { ...kinds, policies: nothing, unfinished: nothing, claims: nothing },
      kept: { files: 7, bytes: 3_000_000 },
      runs: { running: 1, resumable: 2, finished: 3 },
    },
    false,
  ).at(files > 0 ? -2 : 0);
};
const annotated = () =>
  annotationLines({
    ...{ output: '/o', review: '/r', statistics: '/s' },
    samples: { total: 9, complete: 1, annotated: 5, unscorable: 2, notAsked: 1, odd: 3 },
    usage: { calls: 7, cacheHits: 1, inputTokens: 20, outputTokens: 10, cost: 0.04 },
  } as Parameters<typeof annotationLines>[0]);

const over = (type: string, name: string) =>
  ({ workflowId: 'my-run', type, status: { name } }) as unknown as WorkflowExecutionDescription;
/** What is said of an activity that waits for a change in Temporal. */
const waiting = (more: object, hasWorker = true) =>
  waitingSentence(
    'my-run',
    { activityType: { name: 'updatePolicy' }, activityId: '14', attempt: 3, ...more } as Parameters<
      typeof waitingSentence
    >[1],
    hasWorker,
  );
const onQueue = (name: string) => ({ activityOptions: { taskQueue: { name } } });

/** What commands print and refuse. */
export const COMMAND_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidConfig: policy.engine.kind: what "words" takes cannot be calculated here; set onnx or torch, or ask the ' +
      "engine's authors.",
    async () => {
      const config = await loadConfig('quickstart');
      const engine = { kind: 'words' } as unknown as typeof config.policy.engine;
      await planExperiment({ ...config, policy: { ...config.policy, engine } }, { gpu: GPUS['h100-80']!, mfu: 0.35 });
    },
  ],
  [
    'InvalidConfig: The plan needs 162 GB of memory on each GPU, 91.4 GB of it for gradients and moments, and there ' +
      'are 80.0 GB: set policy.engine.lora, raise policy.engine.ranks above 1, or lower ' +
      'policy.engine.tokensPerMicroBatch, frames.count or frames.maxPixels.',
    async () => requireFits(await planOf('videocap-r1-qwen2vl-7b', 'h100-80', { 'policy.engine.ranks': 1 })),
  ],
  [
    'this plan takes 87% of the memory, and its formulas may err by a quarter: set policy.engine.lora, raise ' +
      'policy.engine.ranks above 7, or lower policy.engine.tokensPerMicroBatch, frames.count or frames.maxPixels',
    async () => memoryWarning(await planOf('videocap-r1-qwen2vl-7b', 'l40s-48', { 'policy.engine.ranks': 7 })),
  ],
  [
    'the model takes frames whose sides are multiples of 32: set frames.factor to 32',
    async () => (await planOf('videocap-r1-qwen3vl-8b', 'h100-80', { 'frames.factor': 28 })).notes[1],
  ],
  [
    'There is no run my-run; list the runs with: videocap status',
    () => explained(new WorkflowNotFoundError('x', 'my-run', undefined)),
  ],
  [
    'Run my-run failed (JudgeBlocked): The key in OPENAI_API_KEY is refused.',
    () => failed(ApplicationFailure.nonRetryable('The key in OPENAI_API_KEY is refused.', 'JudgeBlocked')),
  ],
  ['Run my-run was cancelled.', () => failed(new CancelledFailure('x'))],
  ['Run my-run was terminated: out of money.', () => failed(new TerminatedFailure('out of money'))],
  [
    'InvalidInput: Run my-run is a benchmark, which cannot be resumed; start a new one (the ledger keeps its ' +
      'answers): videocap bench',
    () => ended('benchmarkRun'),
  ],
  [
    'InvalidInput: Run my-run is an annotation, which cannot be resumed; start a new one (the ledger keeps ' +
      'its answers): videocap annotate',
    () => ended('datasetAnnotation'),
  ],
  [
    'InvalidInput: Run my-run (trainingRun) has stored nothing to continue from; start a new one with: ' +
      'videocap run',
    () => ended('trainingRun'),
  ],
  [
    'InvalidInput: Run my-bench is a benchmark, which has no steps to pause after; end it with: videocap stop ' +
      'my-bench (the ledger keeps its answers).',
    () =>
      needsSteps({
        workflowId: 'my-bench',
        describe: async () => ({ type: 'benchmarkRun' }),
      } as unknown as WorkflowHandle),
  ],
  ['InvalidInput: Run my-run has ended: completed.', () => Promise.reject(endedRun(over('trainingRun', 'COMPLETED')))],
  [
    'InvalidInput: Run my-run has ended: terminated; it can continue: videocap resume my-run.',
    () => Promise.reject(endedRun(over('trainingRun', 'TERMINATED'))),
  ],
  [
    'InvalidInput: Run my-run has ended: failed; start a new one (the ledger keeps its answers): videocap bench.',
    () => Promise.reject(endedRun(over('benchmarkRun', 'FAILED'))),
  ],
  [
    'InvalidInput: Run my-run has ended: cancelled; start a new one (the ledger keeps its answers): videocap annotate.',
    () => Promise.reject(endedRun(over('datasetAnnotation', 'CANCELLED'))),
  ],
  [
    'Unavailable: No worker on task queue videocap answers for run my-run; start workers with: videocap up',
    () => Promise.reject(noWorker('my-run', 'videocap')),
  ],
  [
    'Unavailable: Run my-run is in task queue video-cap, where no worker looks for runs, so it has not begun. End it ' +
      '(temporal workflow terminate --workflow-id my-run), and start it again in task queue videocap.',
    () => Promise.reject(noWorker('my-run', 'video-cap')),
  ],
  [
    'Unavailable: Namespace team lacks the search attributes VideocapStep, without which runs stand still. A worker ' +
      'registers them when it starts, if the server lets it; else: temporal operator search-attribute create ' +
      '--namespace team --name VideocapStep --type Int',
    () => Promise.reject(unregistered(['VideocapStep'], 'team')),
  ],
  [
    'MissingTool: The browser tests need Chromium, which is not on PATH. On Debian: apt-get install chromium, or npm ' +
      'run test:browser -- --install, which does that as root; elsewhere set VIDEOCAP_CHROMIUM to its path.',
    () => findChromium({ PATH: '' }),
  ],
  [
    'MissingTool: VIDEOCAP_CHROMIUM names /no/chromium, which does not exist; correct it.',
    () => findChromium({ VIDEOCAP_CHROMIUM: '/no/chromium' }),
  ],
  [
    'Activity updatePolicy was paused in Temporal by ann (to look at it); unpause it there, or with: temporal ' +
      'activity unpause --workflow-id my-run --activity-id 14',
    () => waiting({ paused: true, pauseInfo: { manual: { identity: 'ann', reason: 'to look at it' } } }),
  ],
  [
    'Activity updatePolicy was paused in Temporal; unpause it there, or with: temporal activity unpause ' +
      '--workflow-id my-run --activity-id 14',
    () => waiting({ paused: true }),
  ],
  [
    'Activity updatePolicy waits for a worker on task queue elsewhere, and there is none: start one. If the queue ' +
      'was changed in Temporal: temporal activity update-options --workflow-id my-run --activity-id 14 ' +
      '--restore-original-options',
    () => waiting(onQueue('elsewhere'), false),
  ],
  [
    'The workers on task queue media do not have activity updatePolicy. If the queue was changed in Temporal: ' +
      'temporal activity update-options --workflow-id my-run --activity-id 14 --restore-original-options',
    () =>
      waiting({
        ...onQueue('media'),
        lastFailure: { message: 'Activity function updatePolicy is not registered on this Worker, available: []' },
      }),
  ],
  [
    'This execution of the run may store nothing, since a later one has, of which this Temporal server does not ' +
      'know. If its database is an older backup: temporal workflow terminate --workflow-id my-run; then: ' +
      'videocap resume my-run',
    () =>
      waiting({
        lastFailure: {
          message: 'Nothing more is stored: another execution of run my-run-1 has taken over from 0b1.',
        },
      }),
  ],
  [
    'Activity updatePolicy has reached its time-out of 1.5 s and is tried again, attempt 3. If the time-out was ' +
      'changed in Temporal: temporal activity update-options --workflow-id my-run --activity-id 14 ' +
      '--restore-original-options',
    () =>
      waiting({
        activityOptions: { startToCloseTimeout: { seconds: 1, nanos: 500_000_000 } },
        lastFailure: { timeoutFailureInfo: { timeoutType: 1 } },
      }),
  ],
  [
    'InvalidInput: Run my-run was asked to stop and ends after its current step; resume cannot undo that. To train ' +
      'further from one of its steps: videocap fork my-run --at-step N',
    () => Promise.reject(stopsAnyway('my-run')),
  ],
  [
    'InvalidInput: policy.model is run:sft, a run that has not ended; name the step: --set policy.model=run:sft@56, ' +
      'its last so far.',
    () => Promise.reject(notEnded('run:sft', { run: 'sft', step: 56 })),
  ],
  ['give letters, digits, - and _, at most 100, such as beta-0.', () => runName('../x')],
  [
    '--steps is a field of the config; set it with: --set algorithm.steps=4',
    () => settingHint('--steps', ['--steps', '4']),
  ],
  [
    "Temporal's server did not answer: 14 UNAVAILABLE: no route. See whether it runs: videocap status",
    () =>
      unansweredCall(Object.assign(new Error('x'), { code: 14, details: '14 UNAVAILABLE: no route', metadata: {} })),
  ],
  [
    'No worker answers for run my-run. It continues when one does; start workers with: videocap up',
    () => unansweredSentence('my-run'),
  ],
  [
    'Workers that run do not see what you export here. Start them again with JUDGE_API_KEY:\n' +
      '  export JUDGE_API_KEY=...\n  videocap down && videocap up\n  videocap resume my-run',
    () => keyTrap('The environment variable JUDGE_API_KEY (judge.apiKeyEnv) is not set', 'my-run').join('\n'),
  ],
  [
    'Run my-run was cancelled; it can continue: videocap resume my-run',
    () => cancelledSentence('my-run', 'trainingRun', 'cancelled'),
  ],
  ['Run my-run was cancelled.', () => cancelledSentence('my-run', 'benchmarkRun', 'cancelled')],
  ['Run my-run has ended meanwhile: completed.', () => cancelledSentence('my-run', 'trainingRun', 'completed')],
  [
    'Run my-run is asked to end; its workers have not done so yet. It ends when they answer (videocap up), or ' +
      'without them: temporal workflow terminate --workflow-id my-run',
    () => cancelledSentence('my-run', 'trainingRun', 'running'),
  ],
  [
    'InvalidInput: Run my-run goes on; end it first: videocap stop my-run (after its step, with a report), or ' +
      'videocap cancel my-run',
    () => Promise.reject(goesOn('my-run')),
  ],
  [
    'InvalidInput: There is one run to compare, my-run; name another one, too. Its own result: videocap status my-run',
    () => Promise.reject(onlyOne('my-run')),
  ],
  [
    'InvalidInput: --watch watches one run; name it: videocap status RUN --watch',
    () => Promise.reject(watchesNothing()),
  ],
  [
    'InvalidInput: --filter chooses from the list of all runs; leave it out to see my-run, or leave out my-run.',
    () => Promise.reject(filtersNothing('my-run')),
  ],
  [
    'InvalidInput: Run my-run has measured its start policy alone so far; compare it once it has measured a trained ' +
      'one.',
    () => Promise.reject(untrained('my-run')),
  ],
  [
    'InvalidInput: Runs a-1 and b-2 have the same config and the same seed, 7: one result, which would count twice. ' +
      'Leave out one of them.',
    () => Promise.reject(countedTwice('a-1', 'b-2', 7)),
  ],
  [
    '  grpo: a-1, a-2\n  sft: b-1',
    () =>
      runsOfArms([
        { arm: 'grpo', run: 'a-1' },
        { arm: 'sft', run: 'b-1' },
        { arm: 'grpo', run: 'a-2' },
      ]).join('\n'),
  ],
  [
    'InvalidInput: There is no terminal to ask on; add --yes to delete run my-run, or --dry-run to see what would go.',
    () => Promise.reject(needsYes('my-run')),
  ],
  [
    'Deletes run my-run: 12 files, 1.5 MB. 2 artifacts stay, since other runs refer to them.',
    () => planSentence(['my-run'], { files: 12, bytes: 1_500_000, shared: 2 }),
  ],
  [
    'Deleted my-sweep with its 41 runs: 12 files, 1.5 MB.',
    () => deletedSentence(['my-sweep', ...Array(41).fill('x')], { files: 12, bytes: 1_500_000, shared: 0 }),
  ],
  [
    "The workers' log has no line about run my-run: they write what fails. How it goes: videocap status my-run. " +
      'Other logs: temporal, temporal-ui, mlflow, workers.',
    () => withoutLines('my-run'),
  ],
  [
    'InvalidInput: There is no setting "algorithm.stepz" (did you mean "algorithm.steps"?); list all with: videocap ' +
      'configs --settings',
    () => Promise.reject(noSetting('algorithm.stepz', ['algorithm.steps'])),
  ],
  [
    'InvalidInput: --videos is /nope, and there is no such file or folder.',
    () => requirePath({ isLocal: true }, '--videos', '/nope'),
  ],
  [
    'No run has "x" and "y" in its name, kind, state or tags; videocap status lists all.',
    () => runLines([], ['x', 'y'])[0],
  ],
  [
    'InvalidConfig: ~/alerts.yaml cannot be used, and no alert is sent: webhooks.0: write either url or urlEnv.',
    async () => {
      const folder = await newFolder();
      await writeFile(join(folder, 'alerts.yaml'), 'webhooks: [{}]');
      await readAlertRules(folder);
    },
  ],
  ['give a whole number of at least 1, such as 100.', () => wholeNumber(1, 100)('0')],
  ['give a number of at least 0, such as 20.', () => amount(20)('-1')],
  ['write it as key=value, such as algorithm.steps=10.', () => collectOverride('algorithm.steps')],
  [
    'its value is no YAML: Flow sequence must end with a ] at line 1, column 3:',
    () => collectOverride('algorithm.steps=[1'),
  ],
  [
    '  Frame options are those of the run itself, run:my-run@20.\n',
    () => configNote({ checkpoint: 'run:my-run@20', name: 'run:my-run@20', named: false }, 'Frame options'),
  ],
  [
    '  Frame options are those of quickstart; name the experiment that trained the model with --config.\n',
    () => configNote({ checkpoint: 'my/model', name: 'quickstart', named: false }, 'Frame options'),
  ],
  [
    'InvalidInput: "run:@3" names no checkpoint; write run:RUN, or run:RUN@STEP.',
    () => checkpointConfig('run:@3', undefined, {}),
  ],
  [
    'InvalidInput: Which checkpoint? Give the name of a shipped model, such as tiny, a model folder, or ' + 'run:RUN.',
    () => whatToMeasure(undefined, undefined, false),
  ],
  [
    'InvalidInput: --predictions takes a published benchmark and no checkpoint: videocap bench dream1k ' +
      '--predictions ... (one of dream1k, vdc, carebench).',
    () => whatToMeasure('tiny', 'dream1k', true),
  ],
  [
    'InvalidInput: --limit is for a published benchmark; name one: dream1k, vdc, carebench.',
    () => sourceOf('held-out', { limit: 3 }),
  ],
  [
    'InvalidInput: dream1k needs --annotations, the file that its authors ship.',
    () => sourceOf('dream1k', { videos: 'v' }),
  ],
  [
    'InvalidInput: dream1k needs --videos, a folder of its videos, or --predictions, captions made elsewhere.',
    () => sourceOf('dream1k', { annotations: 'a' }),
  ],
  [
    'InvalidInput: Give --videos to caption them, or --predictions to score captions, not both.',
    () => sourceOf('dream1k', { annotations: 'a', videos: 'v', predictions: 'p' }),
  ],
  [
    'InvalidConfig: DREAM-1K (AutoDQ) is judged by a language model; add for example: --set judge.kind=llm ' +
      '--set judge.model=gpt-4o-mini',
    () => benchCommand.parseAsync(['tiny', 'dream1k', '--annotations', 'a', '--videos', 'v'], { from: 'user' }),
  ],
  [
    'InvalidConfig: The judge of quickstart is rule-based, which cannot annotate. Name a config with a ' +
      'language model (--config), or set one: --set judge.kind=llm --set judge.model=gpt-4o-mini',
    () => annotateCommand.parseAsync(['/nowhere/a.jsonl', '--out', 'b.jsonl'], { from: 'user' }),
  ],
  [
    'InvalidInput: There is no file /nowhere/a.jsonl.',
    () =>
      annotateCommand.parseAsync(
        ['/nowhere/a.jsonl', '--out', 'b.jsonl', '--set', 'judge.kind=llm', '--set', 'judge.model=m'],
        { from: 'user' },
      ),
  ],
  [
    '5 of 9 samples annotated, 2 got no usable answer, 1 complete already, 1 not asked about; 3 look ' +
      'suspicious.\n' +
      '7 calls, 1 from the ledger, 20 + 10 tokens, 0.0400 USD',
    () => annotated().slice(1, 3).join('\n'),
  ],
  [
    '  trained: the judge could not score 3 of 5 videos; they are in no event score.',
    () => unscoredNotes({ base: { unscorable: 0, clips: 5 }, trained: { unscorable: 3, clips: 5 } }).join('\n'),
  ],
  ['Nothing to remove.', () => removed(0)],
  ['Removed 12 files, 2.0 kB.', () => removed(12)],
  [
    'Unavailable: The service ended while starting. Its log ~/service.log ends with:\n' + '  no such database',
    () => launching(process.execPath, ['-e', "console.error('no such database')"]),
  ],
  [
    'Unavailable: The service did not answer within 0.3 s. Its log ~/service.log is empty.',
    () => launching(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 0.3),
  ],
  [
    'MissingTool: The service cannot be started: spawn /nowhere/temporal ENOENT',
    () => launching('/nowhere/temporal', []),
  ],
  [
    'InvalidInput: Port 8080 (VIDEOCAP_TEMPORAL_UI_PORT) is in use; stop what uses it, set another port, or ' +
      'unset the variable for a free one.',
    () => takenPort(),
  ],
  [
    'InvalidInput: VIDEOCAP_TEMPORAL_PORT=http is no port; set a number from 1 to 65535, or unset it for a ' +
      'free one.',
    () => choosePort('temporal', { VIDEOCAP_TEMPORAL_PORT: 'http' }),
  ],
  [
    'This address answers under the names of this machine alone: open http://localhost:8233.',
    () => refusedRequest({ host: 'evil.example:8233' }, 8233),
  ],
  [
    'A page of another site may send no requests to this address.',
    () => refusedRequest({ host: 'localhost:8233', origin: 'http://evil.example' }, 8233),
  ],
  [
    'InvalidInput: ~/services.json cannot be read as the list of running services; end them by hand if any ' +
      'run, then remove the file.',
    () => damagedState(),
  ],
  [
    'MissingTool: The Temporal and MLflow servers are installed with Python >= 3.10, venv and pip; found none ' +
      '(looked for /nowhere/python). Install one (Debian or Ubuntu: apt-get install python3 python3-venv; ' +
      'macOS: brew install python), or name it in VIDEOCAP_PYTHON.',
    () => findPython({ ...process.env, VIDEOCAP_PYTHON: '/nowhere/python' }),
  ],
  [
    'The Temporal and MLflow servers are installed with Python >= 3.10, venv and pip; found only /bin/python3 ' +
      '(3.9.2). Install one (Debian or Ubuntu: apt-get install python3 python3-venv; macOS: brew install ' +
      'python), or name it in VIDEOCAP_PYTHON.',
    () => missingPython(['python3'], [python(9)], NEED),
  ],
  [
    'The Temporal and MLflow servers are installed with Python >= 3.10, venv and pip; /bin/python3 (3.11.2) ' +
      'lacks pip (ensurepip). On Debian or Ubuntu: apt-get install python3.11-venv; or name another Python in ' +
      'VIDEOCAP_PYTHON.',
    () => missingPython(['python3'], [python(11, false)], NEED),
  ],
  [
    'PyTorch needs 8 GB of free disk for /data/.venv-torch, and 3 GB are free; free some, or name a folder on a ' +
      'larger disk in UV_CACHE_DIR.',
    () => tooLittleRoom('/data/.venv-torch', { what: 'PyTorch', needed: 8e9 }, 3.9e9)!,
  ],
];
