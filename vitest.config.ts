import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    // Real servers on a machine that may be busy: a first failure is shown, a second one counts.
    retry: 1,
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
});
