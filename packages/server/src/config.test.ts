import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { describeSettings, environmentOfOthers, readConfig, readOperationsConfig, SETTINGS } from "./config.ts";
import { ConfigError } from "./settings/config-error.ts";

const GOOD = {
  API_KEY: "6f1c0a8e5d3b497286aa0c4e91d7f25b",
  SECRET_KEY: "b4e07d9135c84f6a9a2d6c1f03e8b75c",
  ADMIN_PASSWORD: "correct-horse-battery-staple-42!!",
};

const CONFIGURATION_PAGE = `# Configuration

Every setting is an environment variable with one default. This table is generated from \`packages/server/src/config.ts\`.

In \`NODE_ENV=production\` nothing is invented: \`API_KEY\` and \`SECRET_KEY\` must be set, be at least 32 bytes long and be no known example, and so must
\`API_KEY_PREVIOUS\` and \`SECRET_KEY_PREVIOUS\` where they are set; otherwise the start stops with one message that lists all problems. \`ADMIN_PASSWORD\`
may be left out there: \`scripts/create-admin\` makes the user \`admin\`. One that is set has 32 bytes, or at least 15 characters that are no common password.

`;

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("configuration", () => {
  it("has a default for everything outside production", () => {
    const config = readConfig({});
    expect(config.PORT).toBe(8000);
    expect(config.HOST).toBe("127.0.0.1");
    expect(config.API_KEY).toBeUndefined();
    expect(config.DATA_DIR).toMatch(/^\/.*data$/);
  });

  it("asks Groq itself unless told of a proxy", () => {
    expect(readConfig({}).GROQ_BASE_URL).toBe("https://api.groq.com/openai/v1");
    expect(readConfig({ GROQ_BASE_URL: "http://127.0.0.1:9/v1/" }).GROQ_BASE_URL).toBe("http://127.0.0.1:9/v1");
  });

  it("takes an empty variable for one that is not set", () => {
    expect(readConfig({ PORT: "", GROQ_API_KEY: "", LOG_LEVEL: "" })).toMatchObject({ PORT: 8000, GROQ_API_KEY: undefined, LOG_LEVEL: "info" });
  });

  it("lists every problem at once", () => {
    const problems = problemsOf({ PORT: "eighty", LOG_LEVEL: "loud", LLM_BASE_URL: "ftp://somewhere" });
    expect(problems).toHaveLength(3);
    expect(problems.join("\n")).toMatch(/PORT must be a whole number[\s\S]*LOG_LEVEL must be one of[\s\S]*LLM_BASE_URL must be an http/);
  });

  it("takes the end of an overlap as a moment in UTC alone", () => {
    const endOf = (raw: string) => readConfig({ PREVIOUS_SECRETS_UNTIL: raw }).PREVIOUS_SECRETS_UNTIL;
    expect(endOf("")).toBeUndefined();
    expect(endOf("2030-01-31T12:00:00Z")).toBe(Date.UTC(2030, 0, 31, 12));
    for (const raw of ["2030-01-31", "2030-01-31T12:00:00+02:00", "2030-02-31T12:00:00Z", "2030-13-01T12:00:00Z", "tomorrow", "1893499200"])
      expect(problemsOf({ PREVIOUS_SECRETS_UNTIL: raw }), raw).toEqual([expect.stringMatching(/^PREVIOUS_SECRETS_UNTIL must be a moment in UTC/)]);
  });

  it("lets the machine itself read the metrics, and trusts no proxy, unless told otherwise", () => {
    const { METRICS_ALLOW_FROM, TRUSTED_PROXIES } = readConfig({});
    expect(["127.0.0.1", "127.1.2.3", "::1", "10.0.0.1"].map((address) => METRICS_ALLOW_FROM.has(address))).toEqual([true, true, true, false]);
    expect(TRUSTED_PROXIES.has("127.0.0.1")).toBe(false);
    expect(readConfig({ METRICS_ALLOW_FROM: "none" }).METRICS_ALLOW_FROM.has("127.0.0.1")).toBe(false);
    expect(problemsOf({ METRICS_ALLOW_FROM: "10.0.0.0/40", TRUSTED_PROXIES: "caddy" })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES must be addresses or ranges .*"caddy"/),
      expect.stringMatching(/^METRICS_ALLOW_FROM must be addresses or ranges .*"10.0.0.0\/40"/),
    ]);
  });

  it("wants a user for the metrics whole, and in production with a password that nobody knows", () => {
    const both = { METRICS_USERNAME: "prometheus", METRICS_PASSWORD: "short" };
    expect(problemsOf(both)).toEqual([]);
    for (const name of ["METRICS_USERNAME", "METRICS_PASSWORD"])
      expect(problemsOf({ ...both, [name]: "" })).toEqual([expect.stringContaining("both or neither")]);
    expect(problemsOf({ ...GOOD, ...both, NODE_ENV: "production" })).toEqual([expect.stringContaining("METRICS_PASSWORD is shorter")]);
    expect(problemsOf({ ...GOOD, ...both, METRICS_PASSWORD: "a-dog-that-reads-the-paper-every-day", NODE_ENV: "production" })).toEqual([]);
  });

  it("takes headers for the collector of traces as OpenTelemetry writes them", () => {
    const headersOf = (raw: string) => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: raw }).OTEL_EXPORTER_OTLP_HEADERS;
    expect(readConfig({}).OTEL_EXPORTER_OTLP_HEADERS).toEqual({});
    expect(headersOf("api-key=a%20b=c, x-tenant = rag ,")).toEqual({ "api-key": "a b=c", "x-tenant": "rag" });
    for (const raw of ["api-key", "=secret", "a key=1", "api-key=%zz"]) {
      expect(problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: raw })).toEqual([expect.stringMatching(/^OTEL_EXPORTER_OTLP_HEADERS /)]);
    }
  });

  it("wants no documents from the folder that holds the secrets", () => {
    expect(problemsOf({ DATA_DIR: "/srv/rag", DOCS_DIR: "/srv/rag/notes" })).toEqual([expect.stringContaining("DOCS_DIR lies in DATA_DIR")]);
    expect(problemsOf({ DATA_DIR: "/srv/rag", DOCS_DIR: "/srv/rag" })).toHaveLength(1);
    expect(problemsOf({ DATA_DIR: "/srv/notes/data", DOCS_DIR: "/srv/notes" })).toEqual([]);
    expect(problemsOf({ DATA_DIR: "/srv/rag", DOCS_DIR: "/srv/rag-notes" })).toEqual([]);
  });

  it("takes a local model from a folder or from the hub, whatever folders there are", () => {
    const sourceOf = (raw: string) => readConfig({ EMBEDDING_MODEL: raw, RERANKER_MODEL: raw });
    expect(readConfig({}).EMBEDDING_MODEL).toBeUndefined();
    expect(sourceOf("/models/e5-small").EMBEDDING_MODEL).toEqual({ kind: "folder", path: "/models/e5-small" });
    expect(sourceOf("./e5-small").RERANKER_MODEL).toEqual({ kind: "folder", path: resolve("e5-small") });
    expect(sourceOf("owner/name.v1").EMBEDDING_MODEL).toEqual({ kind: "hub", name: "owner/name.v1", revision: "main" });
    expect(sourceOf("owner/name@v2").RERANKER_MODEL).toEqual({ kind: "hub", name: "owner/name", revision: "v2" });
  });

  it.each(["e5-small", "owner/name/more", "owner/..", "owner/name@../..", "https://example.org/model", "owner/name@"])(
    "takes %s for no local model",
    (raw) => {
      expect(problemsOf({ EMBEDDING_MODEL: raw })).toEqual([expect.stringContaining("EMBEDDING_MODEL must be a folder")]);
    },
  );

  it("keeps the spaces of prefixes, and fetched models with the data", () => {
    const config = readConfig({ EMBEDDING_QUERY_PREFIX: "query: ", DATA_DIR: "/srv/rag" });
    expect(config).toMatchObject({ EMBEDDING_QUERY_PREFIX: "query: ", EMBEDDING_PASSAGE_PREFIX: "", MODELS_DIR: "/srv/rag/models" });
    expect(readConfig({ MODELS_DIR: "/srv/models" }).MODELS_DIR).toBe("/srv/models");
  });

  it("wants a model name with a model address", () => {
    expect(problemsOf({ LLM_BASE_URL: "http://127.0.0.1:1234/v1" })).toEqual(["LLM_MODEL is missing; LLM_BASE_URL needs it"]);
  });

  describe("in production", () => {
    it("accepts strong secrets", () => {
      expect(problemsOf({ NODE_ENV: "production", ...GOOD })).toEqual([]);
    });

    it("names all missing secrets together", () => {
      const problems = problemsOf({ NODE_ENV: "production" });
      expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["API_KEY", "SECRET_KEY"]);
    });

    it("leaves the password of admin to scripts/create-admin, and holds one that is configured to the rules of passwords", () => {
      const production = { NODE_ENV: "production", ...GOOD };
      expect(problemsOf({ ...production, ADMIN_PASSWORD: "" })).toEqual([]);
      expect(problemsOf({ ...production, ADMIN_PASSWORD: "nine goats on a roof" })).toEqual([]);
      for (const weak of ["your-secure-password", "nine goats", "administrator-password", "adminadminadminadmin"])
        expect(problemsOf({ ...production, ADMIN_PASSWORD: weak }), weak).toHaveLength(1);
    });

    it("holds previous secrets to the same rules, where there are any", () => {
      const production = { NODE_ENV: "production", ...GOOD };
      const previous = { API_KEY_PREVIOUS: "0d".repeat(16), SECRET_KEY_PREVIOUS: "9a".repeat(16), PREVIOUS_SECRETS_UNTIL: "2030-01-31T12:00:00Z" };
      expect(problemsOf({ ...production, ...previous })).toEqual([]);
      expect(problemsOf({ ...production, ...previous, API_KEY_PREVIOUS: "short", SECRET_KEY_PREVIOUS: "change-me" })).toEqual([
        expect.stringMatching(/^API_KEY_PREVIOUS is shorter/),
        expect.stringMatching(/^SECRET_KEY_PREVIOUS is a known example/),
      ]);
    });

    it.each([
      ["short", "0f3c9a1e"],
      ["a known example", "change-me-change-me-change-me-change-me"],
      ["the runbook's example", "your-secure-password-your-secure-password"],
      ["one character repeated", "a".repeat(40)],
    ])("refuses a secret that is %s", (_, value) => {
      expect(problemsOf({ NODE_ENV: "production", ...GOOD, SECRET_KEY: value })).toHaveLength(1);
    });
  });

  it("documents every setting", async () => {
    const table = describeSettings();
    for (const name of Object.keys(SETTINGS)) expect(table).toContain(`\`${name}\``);
    // docs/configuration.md is made from the settings: `npx vitest run config.test --update` writes it anew.
    await expect(`${CONFIGURATION_PAGE}${table}\n`).toMatchFileSnapshot("../../../docs/configuration.md");
  });
});

it("hands programs of others what is theirs, and none of its own settings", () => {
  const theirs = { PATH: "/bin", RCLONE_CONFIG_FAR_PASS: "x", AWS_PROFILE: "y", HTTPS_PROXY: "z" };
  const ours = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, "drift-wood"]));
  expect(environmentOfOthers({ ...theirs, ...ours })).toEqual(theirs);
});

describe("the settings of backups", () => {
  it.each(["remote:path", "remote:", "remote:a,b:c", "/mnt/a,b:c", "./a,b:c", "a,b/c", ":local:/mnt/disk", "my disk:x"])(
    "take the remote %s",
    (given) => {
      expect(readOperationsConfig({ BACKUP_REMOTE: given }).BACKUP_REMOTE).toBe(given);
    },
  );

  it.each([
    "remote,pass=drift-wood:path",
    ":sftp,host=h,pass=drift-wood:path",
    ':http,url="https://eve:drift-wood@h":',
    ":s3,secret_access_key=drift/wood:b",
  ])("refuse a password that would stand on a command line, without repeating it: %s", (given) => {
    expect(() => readOperationsConfig({ BACKUP_REMOTE: given })).toThrow(/^(?!.*drift).*BACKUP_REMOTE must be remote:path without options/s);
  });
});
