import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSuiteActivities } from '../../../activities/suites.ts';
import type { SuiteName } from '../../../benchmarks/benchmark-config.ts';
import { SuiteResult } from '../../../benchmarks/suites/suite-files.ts';
import type { Variant } from '../../../benchmarks/suites/variants.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import type { OpenAiServer } from '../../servers/openai-server.ts';

interface Options {
  quirks?: string[];
  variants?: Variant[];
  limit?: number;
}

/** A store, files of annotations and predictions, and the suite's two activities run on them one after the other. */
export class SuiteBench {
  readonly #root: string;
  readonly #store: ArtifactStore;
  readonly #server: OpenAiServer;
  #runs = 0;

  constructor(root: string, server: OpenAiServer) {
    this.#root = root;
    this.#store = new ArtifactStore(join(root, 'store'));
    this.#server = server;
  }

  static async start(server: OpenAiServer): Promise<SuiteBench> {
    return new SuiteBench(await mkdtemp(join(tmpdir(), 'videocap-suite-')), server);
  }

  /** Writes a file and gives its path: text as it is, anything else as JSON. */
  async file(name: string, content: unknown): Promise<string> {
    const path = join(this.#root, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** Each time as a run of its own: only the ledger is shared. */
  async score(suite: SuiteName, annotations: string, predictions: string, options: Options = {}) {
    return (await this.prepare(suite, annotations, predictions, options)).score();
  }

  /** Scoring that can be tried again: within one run. */
  async prepare(
    suite: SuiteName,
    annotations: string,
    predictions: string,
    { quirks = [], variants = [], limit }: Options = {},
  ) {
    const activities = createSuiteActivities({ store: this.#store, env: { KEY: 'sk' } });
    const { baseUrl } = this.#server;
    const judge = JudgeConfig.parse({ kind: 'llm', model: 'm', baseUrl, apiKeyEnv: 'KEY', concurrency: 4 });
    const runKey = `run-${this.#runs++}`;
    const source = { suite, annotations, predictions, quirks, variants, ...(limit && { limit }) };
    const prepared = await activities.prepareSuite({ runKey, source, judge });
    const input = { runKey, step: 0, items: prepared.items, captions: [prepared.predictions!], subject: 'a file' };
    return {
      loseOutput: () => this.#store.remove(`runs/${runKey}/step-000000/suite-${suite}.json`),
      score: async () => {
        const scored = await activities.scoreSuite({ ...input, quirks, variants, judge });
        return {
          ...scored,
          result: await this.#store.readJson(scored.result, SuiteResult),
          report: await this.#text(scored.report),
          drillDown: await this.#text(scored.drillDown),
        };
      },
    };
  }

  async end(): Promise<void> {
    await this.#server.close();
    await rm(this.#root, { recursive: true });
  }

  async #text(ref: Parameters<ArtifactStore['read']>[0]): Promise<string> {
    return Buffer.from(await this.#store.read(ref)).toString('utf8');
  }
}
