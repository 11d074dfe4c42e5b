/**
 * Runs a task of this repository on a machine that has nothing but Node ≥ 20 and npm.
 *
 * Usage: node scripts/run.mjs start
 *        node scripts/run.mjs rag <arguments of the rag command>
 *        node scripts/run.mjs "<command line>"
 *
 * Brings what the task needs, once: pnpm, Node 24 where the machine's Node is too old, and the packages of the lockfile.
 * Plain JavaScript, because an older Node runs it.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const SERVER = join(ROOT, "packages", "server", "src");
const TOOLCHAIN = join(ROOT, ".toolchain");
const TOOLCHAIN_BIN = join(TOOLCHAIN, "node_modules", ".bin");
const INSTALL_STAMP = join(ROOT, "node_modules", ".rag-install.json");
const ORPHAN_CHECK_MS = 500;
const IS_WINDOWS = process.platform === "win32";

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** @param {string} version @param {string} minimum */
function isAtLeast(version, minimum) {
  const left = version.split(".").map(Number);
  const right = minimum.split(".").map(Number);
  for (let at = 0; at < 3; at += 1) if (left[at] !== right[at]) return (left[at] ?? 0) > (right[at] ?? 0);
  return true;
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** @param {string} command @param {string[]} args @param {string} what */
function runOrFail(command, args, what) {
  // What an installer says goes to standard error: standard output belongs to the task.
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2], shell: IS_WINDOWS, env: environment() });
  if (status !== 0)
    fail(`${what} failed${error === undefined ? "" : `: ${error.message}`}. The lines above say why; run the same command again once it is mended.`);
}

function environment() {
  return { ...process.env, PATH: [TOOLCHAIN_BIN, join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter) };
}

/** Installs pnpm, and Node where the machine's is too old, below `.toolchain`: nothing global is touched. */
function ensureToolchain() {
  const { pnpm, node, minimumNode } = manifest.config;
  const wanted = [`pnpm@${pnpm}`];
  // A script of ours that runs another one is already on the Node of the toolchain, which must stay.
  const isBrought = existsSync(TOOLCHAIN) && process.execPath.startsWith(realpathSync(TOOLCHAIN));
  if (isBrought || !isAtLeast(process.versions.node, minimumNode))
    wanted.push(`node-${IS_WINDOWS ? "win" : process.platform}-${process.arch}@${node}`);
  const stamp = join(TOOLCHAIN, "installed.json");
  const text = JSON.stringify(wanted);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === text) return;
  process.stderr.write(`Bringing ${wanted.join(" and ")} (once, into .toolchain).\n`);
  mkdirSync(TOOLCHAIN, { recursive: true });
  writeFileSync(join(TOOLCHAIN, "package.json"), '{ "private": true }\n');
  runOrFail(
    "npm",
    [
      "install",
      "--prefix",
      TOOLCHAIN,
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      ...wanted,
    ],
    "Installing the toolchain",
  );
  writeFileSync(stamp, text);
}

/** Everything that decides what an installation looks like. */
function installationDigest() {
  const packages = readdirSync(join(ROOT, "packages")).map((name) => join("packages", name, "package.json"));
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...packages].filter((file) => existsSync(join(ROOT, file))).sort();
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(ROOT, file)))
      .update("\0");
  return hash.digest("hex");
}

/** What the tests start in place of a Chroma server of one's own: 400 MB. */
const WITHOUT_CHROMA_PROGRAM = "--filter=!@rag-personal/chroma-program";
/** What is installed: each scope holds the ones before it. What runs local models has 300 MB and comes when a model is configured. */
const SCOPES = {
  production: ["--prod", WITHOUT_CHROMA_PROGRAM, "--filter=!@rag-personal/model-runtime"],
  "production with local models": ["--prod", WITHOUT_CHROMA_PROGRAM],
  all: [],
};

/** Installs the packages of the lockfile. @param {keyof typeof SCOPES} scope */
function ensurePackages(scope) {
  const digest = installationDigest();
  const installed = existsSync(INSTALL_STAMP) ? JSON.parse(readFileSync(INSTALL_STAMP, "utf8")) : {};
  const order = Object.keys(SCOPES);
  if (installed.digest === digest && order.indexOf(installed.scope) >= order.indexOf(scope)) return;
  process.stderr.write(`Installing the packages of the lockfile (${scope}; once).\n`);
  runOrFail("pnpm", ["install", "--frozen-lockfile", "--reporter=append-only", ...SCOPES[scope]], "Installing the packages");
  writeFileSync(INSTALL_STAMP, JSON.stringify({ digest, scope }));
}

/** Runs the task in the foreground and ends as it ends. @param {string} command @param {string[]} args @param {boolean} shell */
function become(command, args, shell) {
  const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", env: environment(), shell });
  // A terminal sends Ctrl-C to the child itself; passing it on again would look like a second one.
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  // npm passes a signal to the shell it started us with, and that dies without a word to us: whoever loses its parent is to stop.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill("SIGTERM");
  }, ORPHAN_CHECK_MS).unref();
  child.on("error", (error) => fail(`${command} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** An argument as one word of a shell's command line. @param {string} text */
function quote(text) {
  if (/^[\w./:=@-]+$/.test(text)) return text;
  return IS_WINDOWS ? `"${text.replaceAll('"', '""')}"` : `'${text.replaceAll("'", "'\\''")}'`;
}

const [task, ...args] = process.argv.slice(2);
if (task === undefined) fail('Usage: node scripts/run.mjs start | "<command line>"');
ensureToolchain();
const MAINS = { start: join(SERVER, "main.ts"), rag: join(SERVER, "cli", "main.mjs") };
if (task === "start" || task === "rag") {
  const hasLocalModel = task === "start" && Boolean(process.env["EMBEDDING_MODEL"] || process.env["RERANKER_MODEL"]);
  ensurePackages(hasLocalModel ? "production with local models" : "production");
  become("node", [MAINS[task], ...args], false);
} else {
  ensurePackages("all");
  become([task, ...args.map(quote)].join(" "), [], true);
}
