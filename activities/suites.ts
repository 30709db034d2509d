import { z } from 'zod';
import { named } from '../benchmarks/judged-by.ts';
import { captionedBy } from '../benchmarks/suites/captioned-by.ts';
import { prepareSuite } from '../benchmarks/suites/prepare-suite.ts';
import { scoreItems, suiteNumbers } from '../benchmarks/suites/score-suite.ts';
import { SuiteItems, SuiteResult } from '../benchmarks/suites/suite-files.ts';
import { drillDown, suiteReport } from '../benchmarks/suites/suite-report.ts';
import { checkQuirks, described, suiteNamed } from '../benchmarks/suites/suites.ts';
import { VARIANTS } from '../benchmarks/suites/variants.ts';
import { PrepareSuiteInput, PrepareSuiteOutput, ScoreSuiteInput, ScoreSuiteOutput } from '../contracts/suites.ts';
import { CaptionedClip } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import { withoutCredentials } from '../judge/client/credentials.ts';
import { createLlmClient } from '../judge/create-judge.ts';
import { isLlm, type JudgeConfig, type LlmJudgeConfig } from '../judge/judge-config.ts';
import type { ActivityDeps } from './activity-deps.ts';

type SuiteDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'outage' | 'env' | 'keyRules' | 'parallel'>;

/** Published benchmarks: their clips fixed, then captions of them scored by their own protocols. */
export function createSuiteActivities({ store, onProgress, signal, outage, env, keyRules, parallel }: SuiteDeps) {
  return {
    async prepareSuite(rawInput: z.input<typeof PrepareSuiteInput>): Promise<z.infer<typeof PrepareSuiteOutput>> {
      const { runKey, source, judge, run } = PrepareSuiteInput.parse(rawInput);
      needsLlm(judge, suiteNamed(source.suite).title);
      return store.onceJson(keyOf('suite', { runKey, suite: source.suite }), PrepareSuiteOutput, () =>
        prepareSuite(source, run, {
          store,
          onVideo: (done, total) => onProgress?.({ done, total, what: 'videos opened' }),
          signal: signal?.(),
          ...(parallel && { parallel }),
        }),
      );
    },

    async scoreSuite(rawInput: z.input<typeof ScoreSuiteInput>): Promise<z.infer<typeof ScoreSuiteOutput>> {
      const input = ScoreSuiteInput.parse(rawInput);
      const prepared = await store.readJson(input.items, SuiteItems);
      const suite = suiteNamed(prepared.suite);
      const judge = needsLlm(input.judge, suite.title);
      const { variants } = input;
      checkQuirks(suite, input.quirks, variants);
      const where = { runKey: input.runKey, step: input.step, suite: suite.name };
      const key = keyOf('suiteScores', where);
      return store.onceJson(key, ScoreSuiteOutput, async () => {
        const started = performance.now();
        // Stored once: a retry reads answers from the ledger, and would measure other latencies.
        const ref = await store.putJsonOnce(keyOf('suiteResult', where), async () => {
          const captions: CaptionedClip[] = [];
          for (const part of input.captions) captions.push(...(await store.readJson(part, z.array(CaptionedClip))));
          const { spent, judgeSection: section } = input;
          const client = createLlmClient(judge, {
            ...{ store, place: key, env, spent, section, outage },
            keyRules: await keyRules?.(),
          });
          const choices = { quirks: new Set(input.quirks), variants: new Set(variants) };
          const items = await scoreItems(suite, prepared, captions, client, {
            ...choices,
            concurrency: judge.concurrency,
            onProgress: ({ answers, ...progress }) =>
              onProgress?.({ ...progress, what: `items of ${suite.title} scored, ${answers} questions answered` }),
            signal: signal?.(),
          });
          return SuiteResult.parse({
            suite: suite.name,
            title: suite.title,
            source: suite.source,
            subject: input.subject,
            annotations: prepared.annotations,
            judge: {
              model: client.name,
              endpoint: withoutCredentials(judge.baseUrl),
              prompts: named(suite.prompts),
              ...(client.answeredBy.length > 0 && { answeredBy: client.answeredBy }),
            },
            usage: client.usage,
            quirks: described(suite.quirks, input.quirks),
            variants: described(VARIANTS, variants),
            ...(prepared.made && {
              madeWith: { captions: captionedBy(prepared.made, captions), quirks: input.quirks, variants },
            }),
            ...(prepared.warnings && { warnings: prepared.warnings }),
            ...(await suiteNumbers(suite, prepared, items, choices)),
            columns: suite.columns,
            published: suite.published,
            notes: suite.notes,
            items,
          });
        });
        const result = await store.readJson(ref, SuiteResult);
        const { endpoint: _, ...judgedBy } = result.judge;
        return {
          suite: suite.name,
          metrics: result.metrics,
          counts: result.counts,
          judge: judgedBy,
          ...(result.madeWith && { madeWith: result.madeWith }),
          ...(result.warnings && { warnings: result.warnings }),
          result: ref,
          report: await store.put(keyOf('suiteReport', where), suiteReport(result)),
          drillDown: await store.put(keyOf('suiteDrillDown', where), await drillDown(suite, prepared.items, result)),
          usage: result.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

function needsLlm(judge: JudgeConfig, title: string): LlmJudgeConfig {
  if (isLlm(judge)) return judge;
  throw new VideocapError(
    'InvalidConfig',
    `${title} is judged by a language model, and judge.kind is ${judge.kind}, which reads only captions of the ` +
      'small world. Set judge.kind to llm, with judge.baseUrl and judge.model.',
  );
}
