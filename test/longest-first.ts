import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest starts first, so that no worker waits at the end for the other's minutes: of the chaos tests those
 * that play most steps one after the other.
 */
const ORDER = [
  ...['/test/vllm/', '/crash-matrix.test.ts', '/flaky-judge.test.ts', '/reset-run.test.ts', '/test/chaos/'],
  ...['/test/conformance/', '/test/integration/', '.fuzz.test.ts', '/test/unit/'],
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => ORDER.findIndex((folder) => moduleId.includes(folder));
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
