/** The rules of the house about who may import whom; `docs/architecture.md` gives the reasons. */

/** @param {string} name @param {string} comment @param {object} from @param {object} to */
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

const TESTS = "\\.(test|contract)\\.ts$|/test-support/|/e2e/|/faults/|/stack/";
const TRANSPORTS = "^packages/server/src/(api|http|rest|trpc|openai|mcp)/";
const ADAPTERS = "^packages/server/src/adapters/";
const LIBRARIES_OF_CORE = "^node_modules/\\.pnpm/stemmer@";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    forbid("core-is-pure", "Core runs anywhere: no Node built-in.", { path: "^packages/core/src", pathNot: TESTS }, { dependencyTypes: ["core"] }),
    forbid(
      "core-libraries",
      "Core imports itself and its allowed libraries alone.",
      { path: "^packages/core/src", pathNot: TESTS },
      { pathNot: `^packages/core/src|${LIBRARIES_OF_CORE}` },
    ),
    forbid(
      "workers-have-no-node",
      "What a worker at the edge is made of runs without Node.",
      {
        path: "^packages/server/src/(edge/|edge(-handler)?\\.ts|composition/edge\\.ts|settings/|snapshot/|api/|http/|rest/|trpc/)",
        pathNot: `${TESTS}|/http/receive-file`,
      },
      { dependencyTypes: ["core"] },
    ),
    forbid(
      "transports-know-no-adapter",
      "Transports go through the services they are given.",
      { path: TRANSPORTS, pathNot: TESTS },
      { path: ADAPTERS },
    ),
    forbid(
      "adapters-know-no-transport",
      "Adapters implement ports and know nobody who uses them.",
      { path: ADAPTERS, pathNot: TESTS },
      { path: TRANSPORTS },
    ),
    forbid(
      "adapters-keep-apart",
      "An adapter never depends on another one.",
      { path: "^packages/server/src/adapters/([^/]+)/", pathNot: TESTS },
      { path: ADAPTERS, pathNot: "^packages/server/src/adapters/$1/" },
    ),
    forbid(
      "one-place-wires",
      "Only the composition may build adapters.",
      { path: "^packages/server/src", pathNot: `${TESTS}|${ADAPTERS}|^packages/server/src/composition(/|\\.ts$)` },
      { path: ADAPTERS, dependencyTypesNot: ["type-only"] },
    ),
    forbid(
      "client-stands-alone",
      "The published client has no dependency, and no Node built-in: its build bundles what one file names.",
      { path: "^packages/client-sdk/src", pathNot: `${TESTS}|/src/trpc/(vendor|app-router)\\.ts$` },
      { pathNot: "^packages/client-sdk/src" },
    ),
    forbid("nobody-imports-a-test", "Production code never imports what exists for tests.", { pathNot: `${TESTS}|/scripts/` }, { path: TESTS }),
    forbid("no-cycles", "A cycle means that two files are one concept.", {}, { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }),
    forbid(
      "no-orphans",
      "A file nobody imports is dead, unless something runs it.",
      { orphan: true, pathNot: `${TESTS}|/main\\.ts$|-worker\\.ts$|\\.d\\.ts$|/no-images/|/scripts/|/dist/|/api/|/snapshots/` },
      {},
    ),
    forbid("resolvable", "Every import leads somewhere.", {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/|/coverage/" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".mjs", ".js"],
    },
  },
};
