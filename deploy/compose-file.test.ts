/** What holds for every container of the stack, read from the compose file itself: no Docker is needed. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { STACK_SETTINGS } from "../packages/server/src/settings/deployment.ts";

const ROOT = resolve(import.meta.dirname, "..");
const TEXT = readFileSync(join(ROOT, "docker-compose.prod.yml"), "utf8");

/** Strict: a key that Compose does not know, or that is misspelt, is an error. */
const service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.literal("."), dockerfile: z.string(), target: z.string(), args: z.record(z.string(), z.string()) }).optional(),
  profiles: z.array(z.string()).optional(),
  restart: z.enum(["unless-stopped", "on-failure:3"]),
  init: z.literal(true),
  read_only: z.literal(true),
  user: z.string().optional(),
  cap_drop: z.array(z.string()),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.boolean() })).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  tmpfs: z.array(z.string()).optional(),
  shm_size: z.string().optional(),
  stop_signal: z.string().optional(),
  stop_grace_period: z.string().optional(),
  mem_limit: z.string(),
  cpus: z.string(),
  pids_limit: z.number(),
  healthcheck: z.strictObject({
    test: z.array(z.string()),
    interval: z.string(),
    timeout: z.string(),
    retries: z.number(),
    start_period: z.string(),
  }),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(["service_started", "service_healthy"]) })).optional(),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});
const { services, networks, secrets } = composeFile.parse(parse(TEXT, { merge: true }));
const each = Object.entries(services);

describe("the compose file", () => {
  it("has the services of the runbook", () => {
    expect(Object.keys(services).sort()).toEqual(
      ["alertmanager", "api", "api-next", "backup", "caddy", "chroma", "grafana", "postgres", "prometheus", "redis"].sort(),
    );
  });

  it.each(each)("gives %s no right that it does not need", (name, { security_opt, cap_drop, cap_add = [], user }) => {
    expect(security_opt).toContain("no-new-privileges:true");
    expect(cap_drop).toEqual(["ALL"]);
    const startsAsRoot = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
    const allowed: Readonly<Record<string, readonly string[]>> = {
      postgres: startsAsRoot,
      redis: startsAsRoot,
      chroma: ["DAC_OVERRIDE"],
      caddy: ["NET_BIND_SERVICE"],
    };
    expect(cap_add).toEqual(allowed[name] ?? []);
    if (!["postgres", "redis", "chroma"].includes(name)) expect(user).toMatch(/^[1-9]\d*:\d+$/);
  });

  it.each(each)("rotates the log of %s", (_, { logging }) => {
    expect(logging).toMatchObject({ driver: "json-file", options: { "max-size": "10m", "max-file": "5" } });
  });

  it("publishes caddy alone, and to the world only its ports for HTTP and HTTPS", () => {
    expect(each.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(["caddy"]);
    const world = services["caddy"]?.ports?.filter((port) => !port.startsWith("127.0.0.1:"));
    expect(world?.map((port) => port.replace(/^\$\{\w+:-\d+\}:/, ""))).toEqual(["80", "443", "443/udp"]);
    expect(services["caddy"]?.ports).toContain(`127.0.0.1:\${LOCAL_PORT:-8000}:8000`);
  });

  it("keeps the stores in a network without a way out, and what is published apart from them", () => {
    expect(networks["stores"]?.internal).toBe(true);
    for (const store of ["postgres", "redis", "chroma"]) expect(services[store]?.networks, store).toEqual(["stores"]);
    expect(services["caddy"]?.networks).not.toContain("stores");
  });

  it("mounts no socket of Docker, and nothing of the machine but its own folders", () => {
    for (const [name, { volumes = [] }] of each) for (const volume of volumes) expect(volume, name).toMatch(/^(\.\/|\$\{[A-Z_]+:-\.\/)/);
  });

  it("has a setting for every image, which may be pinned by digest", () => {
    const named = each.flatMap(([name, { image, build }]) => (build === undefined && name !== "api-next" ? [/^\$\{(\w+):-/.exec(image)?.[1]] : []));
    const documented = Object.keys(STACK_SETTINGS).filter((name) => name.endsWith("_IMAGE"));
    expect(["BASE_IMAGE", "NODE_IMAGE", "RAG_IMAGE", ...named].sort()).toEqual(documented.sort());
  });

  it("names every image with a version", () => {
    for (const [name, { image, build }] of each) {
      if (build !== undefined || name === "api-next") continue;
      expect(image, name).toMatch(/^\$\{[A-Z]+_IMAGE:-[\w./-]+:v?\d+[\w.-]*\}$/);
    }
  });

  it("puts no secret into a command, and mounts files of secrets that exist", () => {
    for (const [name, { command = [], entrypoint = [], secrets: used = [] }] of each) {
      expect([...command, ...entrypoint].join(" "), name).not.toMatch(/PASSWORD|SECRET/);
      for (const secret of used) expect(secrets, name).toHaveProperty(secret);
    }
  });

  it("starts what others need before them", () => {
    expect(services["api"]?.depends_on).toEqual({
      postgres: { condition: "service_healthy" },
      redis: { condition: "service_healthy" },
      chroma: { condition: "service_started" },
    });
    expect(services["caddy"]?.depends_on).toEqual({ api: { condition: "service_started" } });
  });

  it("lets a stream end before a stop kills the server, and before caddy is killed", () => {
    const seconds = (text: string | undefined): number => Number.parseInt(text ?? "", 10);
    const { SHUTDOWN_DELAY_MS, SHUTDOWN_TIMEOUT_MS } = services["api"]?.environment ?? {};
    const needed = (Number(SHUTDOWN_DELAY_MS) + Number(SHUTDOWN_TIMEOUT_MS)) / 1_000;
    expect(seconds(services["api"]?.stop_grace_period)).toBeGreaterThan(needed);
    expect(seconds(services["caddy"]?.stop_grace_period)).toBeGreaterThan(needed);
  });

  it("uses variables that are documented, with the defaults that are documented", () => {
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    const used = new Map(Array.from(TEXT.matchAll(/\$\{(\w+):-([^}]*)\}/g), ([, name = "", fallback = ""]) => [name, fallback]));
    const settings: Readonly<Record<string, { readonly fallback: string }>> = STACK_SETTINGS;
    for (const [name, fallback] of used) {
      expect(example, name).toMatch(new RegExp(`^#?${name}=`, "m"));
      if (settings[name] !== undefined) expect(fallback, name).toBe(settings[name].fallback);
    }
    for (const name of Object.keys(STACK_SETTINGS)) expect([...used.keys()], name).toContain(name);
    expect(TEXT.replaceAll(/\$\{\w+:-[^}]*\}|\$\$/g, "")).not.toContain("${");
  });
});

describe("the Dockerfile", () => {
  const dockerfile = readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8");

  it("ends every image as a user that is not root, with a check of its health", () => {
    const stages = dockerfile.split(/^FROM /m).slice(1);
    for (const stage of stages.filter((text) => /AS (api|backup)$/m.test(text.split("\n")[0] ?? ""))) {
      expect(Array.from(stage.matchAll(/^USER (.+)$/gm), ([, user]) => user).at(-1)).toBe("10001:10001");
      expect(stage).toMatch(/^HEALTHCHECK /m);
    }
  });

  it("takes its bases from arguments, which a digest can be given to", () => {
    const bases = Array.from(dockerfile.matchAll(/^FROM (\S+)/gm), ([, base]) => base);
    expect(bases).toEqual([`\${NODE_IMAGE}`, `\${NODE_IMAGE}`, `\${BASE_IMAGE}`, "api"]);
    for (const [name, fallback] of [
      ["NODE_IMAGE", STACK_SETTINGS.NODE_IMAGE.fallback],
      ["BASE_IMAGE", STACK_SETTINGS.BASE_IMAGE.fallback],
    ])
      expect(dockerfile).toContain(`ARG ${name}=${fallback}\n`);
  });

  it("is given the bases of .env, by Compose and by deploy.sh", () => {
    const bases = {
      NODE_IMAGE: `\${NODE_IMAGE:-${STACK_SETTINGS.NODE_IMAGE.fallback}}`,
      BASE_IMAGE: `\${BASE_IMAGE:-${STACK_SETTINGS.BASE_IMAGE.fallback}}`,
    };
    for (const [name, { build }] of each) if (build !== undefined) expect(build.args, name).toMatchObject(bases);
    const deploy = readFileSync(join(ROOT, "scripts/deploy.sh"), "utf8");
    for (const name of Object.keys(bases)) expect(deploy).toContain(`--build-arg "${name}=$(setting ${name})"`);
  });

  it("cleans up after apt, and uses nothing that wants BuildKit", () => {
    for (const [line] of dockerfile.matchAll(/^RUN (?:.*\\\n)*.*$/gm)) {
      if (line.includes("apt-get")) expect(line).toContain("rm -rf /var/lib/apt/lists/*");
      expect(line).not.toMatch(/--mount=|<<EOF/);
    }
    expect(dockerfile).not.toMatch(/^(ADD|COPY --(link|chmod))/m);
  });

  it("copies what exists, and no secret, test or package of the machine", () => {
    const ignored = readFileSync(join(ROOT, ".dockerignore"), "utf8");
    expect(ignored.split("\n").find((line) => !line.startsWith("#"))).toBe("*");
    expect(ignored).not.toMatch(/^!.*(\.env|secrets|data|backups)/m);
    for (const [, source = ""] of dockerfile.matchAll(/^COPY (?!--from)(\S+) \S+$/gm)) expect(existsSync(join(ROOT, source)), source).toBe(true);
  });
});
