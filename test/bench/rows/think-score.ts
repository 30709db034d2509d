import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInstallation } from '../../../cli/installation.ts';
import { Report } from '../../../cli/setup/report.ts';
import { setUp } from '../../../cli/setup/setup.ts';
import { embeddingModelFolder } from '../../../rewards/think/installed-model.ts';
import { SentenceEmbedding } from '../../../rewards/think/sentence-embedding.ts';
import { phrasesOf, thinkScore } from '../../../rewards/think/think-score.ts';
import { THREADS } from '../floor/gemm-floor.ts';
import { timesAsFastAs } from '../goal.ts';
import { PythonPeer } from '../python-peer.ts';
import type { Row } from '../row.ts';
import { thoughtGroups } from './think-texts.ts';

const [GROUPS, COMPLETIONS, SUBJECTS] = [8, 8, 3];
const THRESHOLDS = { subjectThreshold: 0.8, itemThreshold: 0.97, attributeWeight: 0.5, actionWeight: 0.5 };
const MOST_ROUNDS = 100;

/** The reward that embeds phrases. */
export const thinkScorer: Row = {
  name: 'think-score',
  title: `think scorer, ${GROUPS} x ${COMPLETIONS} analyses`,
  unit: 'analyses/s',
  work:
    `Score ${GROUPS} x ${COMPLETIONS} analyses of ${SUBJECTS} subjects, of which hardly a phrase was seen before, ` +
    'with bge-small-en in int8. The peer is sentence-transformers with the same ONNX file as its first module (its ' +
    'own ONNX backend, optimum, does not install with this transformers), batches of 32 phrases, scipy for the ' +
    'matching, cosines alone, and no cache. Here every phrase is embedded alone, so that no score depends on its ' +
    'neighbours.',
  goals: [timesAsFastAs('sentence-transformers', 3)],
  minutes: 2,
  async open() {
    const installation = findInstallation();
    await setUp(installation, new Report((text) => void process.stderr.write(text)), { worker: true });
    const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-think-'));
    const rounds = Array.from({ length: MOST_ROUNDS }, (_, round) =>
      thoughtGroups(round + 1, GROUPS, COMPLETIONS, SUBJECTS),
    );
    const texts = join(folder, 'texts.json');
    await writeFile(texts, JSON.stringify(rounds));
    const similarity = new SentenceEmbedding(installation.home);
    const differences: number[] = [];
    const scores = new Map<number, number[]>();
    const options = {
      ...{ folder: embeddingModelFolder(installation.home), texts, threads: THREADS },
      thresholds: { subject: THRESHOLDS.subjectThreshold, item: THRESHOLDS.itemThreshold },
    };
    const opened: PythonPeer[] = [];
    const peer = await PythonPeer.side('sentence-transformers', () => PythonPeer.start('think_score', options), opened);
    let [mine, theirs] = [0, 0];
    const compare = (round: number, all: number[]) => {
      const other = scores.get(round);
      scores.set(round, all);
      if (other) differences.push(...all.map((score, i) => Math.abs(score - other[i]!)));
    };
    return {
      async own() {
        const round = mine++;
        const begun = performance.now();
        const all: number[] = [];
        for (const [reference, thoughts] of rounds[round]!) {
          const alike = await similarity.prepare([reference, ...thoughts].flatMap(phrasesOf));
          all.push(...thoughts.map((thought) => thinkScore(thought, reference, alike, THRESHOLDS).score));
        }
        const seconds = (performance.now() - begun) / 1000;
        compare(round, all);
        return all.length / seconds;
      },
      peers: [
        'missing' in peer
          ? peer
          : {
              name: peer.name,
              async run() {
                const round = theirs++;
                const found = await opened[0]!.ask({ round });
                compare(round, found.scores as number[]);
                return found.value as number;
              },
            },
      ],
      notes: () => {
        const apart = differences.filter((difference) => difference > 0.01).length;
        return differences.length > 0
          ? [`The scores of both differ by more than 0.01 in ${apart} of ${differences.length} analyses.`]
          : [];
      },
      async close() {
        await Promise.all([similarity.close(), ...opened.map((one) => one.close())]);
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};
