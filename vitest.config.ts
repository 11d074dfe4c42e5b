import { defineConfig } from "vitest/config";

const BEFORE_SERVERS = "packages/server/test-support/before-servers.ts";

/** Tests of one machine: two at a time are enough for two cores, and the ones that start servers take turns. */
export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.contract.ts", "packages/server/src/main.ts"],
      reporter: ["text-summary", "json-summary"],
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/{src,test-support,faults}/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["**/*.integration.test.ts", "**/*.e2e.test.ts", "**/*.edge.test.ts"],
          // A process for each file would load the same modules 130 times; no test leaves anything behind in one.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/*/src/**/*.integration.test.ts", "monitoring/**/*.integration.test.ts"],
          globalSetup: BEFORE_SERVERS,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["packages/*/e2e/**/*.e2e.test.ts"],
          globalSetup: BEFORE_SERVERS,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "edge",
          include: ["packages/*/e2e/**/*.edge.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
