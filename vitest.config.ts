import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

// Four workers for two cores: integration tests have servers and models of their own; two compute while two wait. Six
// end sooner, but on a slow machine each test comes closer to its time limit.
// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        // Many small files: a process for each would take longer than they do. Tests that replace a module are among
        // the integration tests, each of which has a process of its own.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/chaos/**/*.test.ts', 'test/conformance/**/*.test.ts'],
          globalSetup: 'test/integration/tracking/mlflow-loader.ts',
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // What comes, comes late on a busy machine.
          expect: { poll: { timeout: 60_000 } },
          // Temporal's server is a Go program: with a thread for each core, scheduling takes a fifth of its CPU time.
          env: { GOMAXPROCS: '1' },
        },
      },
      // `npm run test:torch` alone: it needs environments of its own.
      ...(process.env.VIDEOCAP_TEST_TORCH
        ? [
            {
              extends: true as const,
              test: {
                name: 'torch',
                include: ['test/torch/**/*.test.ts', 'test/vllm/**/*.test.ts'],
                globalSetup: 'test/integration/tracking/mlflow-loader.ts',
                testTimeout: 300_000,
                hookTimeout: 300_000,
                expect: { poll: { timeout: 60_000 } },
                env: { GOMAXPROCS: '1' },
              },
            },
          ]
        : []),
      // `npm run test:browser` alone: it needs Chromium.
      ...(process.env.VIDEOCAP_TEST_BROWSER
        ? [{ extends: true as const, test: { name: 'browser', include: ['test/browser/**/*.test.ts'] } }]
        : []),
      // `npm run test:hosts` alone: it needs servers of its own.
      ...(process.env.VIDEOCAP_TEST_HOSTS
        ? [
            {
              extends: true as const,
              test: {
                name: 'hosts',
                include: ['test/hosts/**/*.test.ts'],
                globalSetup: 'test/integration/tracking/mlflow-loader.ts',
                testTimeout: 600_000,
                hookTimeout: 600_000,
                expect: { poll: { timeout: 60_000 } },
                env: { GOMAXPROCS: '1' },
              },
            },
          ]
        : []),
    ],
  },
});
