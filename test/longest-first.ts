import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest starts first, so that no worker waits at the end for the other's minutes. */
const ORDER = ['/test/chaos/', '/test/conformance/', '/test/integration/', '.fuzz.test.ts', '/test/unit/'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => ORDER.findIndex((folder) => moduleId.includes(folder));
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
