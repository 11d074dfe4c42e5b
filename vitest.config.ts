import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const BEFORE_SERVERS = "packages/server/test-support/before-servers.ts";

/** Files tested at once. Left to itself, vitest would take one on two cores; more than two would be late for the tests that measure time. */
const WORKERS = Math.max(2, availableParallelism() - 1);

/** Every file owns the servers, folders and ports that it uses, so that any of them may run beside any other. */
export default defineConfig({
  test: {
    maxWorkers: WORKERS,
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
          include: ["packages/*/{src,test-support,faults}/**/*.test.ts", "bench/**/*.test.ts", "deploy/**/*.test.ts"],
          exclude: ["**/*.integration.test.ts", "**/*.e2e.test.ts", "**/*.edge.test.ts"],
          // A process for each file would load the same modules 130 times; no test leaves anything behind in one.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/*/src/**/*.integration.test.ts", "monitoring/**/*.integration.test.ts", "deploy/**/*.integration.test.ts"],
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
