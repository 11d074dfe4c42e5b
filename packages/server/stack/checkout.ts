/** A fresh clone of this repository, installed as an operator does, with the stack of containers that it starts. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "../../..");
const FILE = "docker-compose.prod.yml";
/** Of an installation of its own: what runs on this machine keeps its images. */
const IMAGE = "rag-personal-stack-test";

export interface Finished {
  readonly exitCode: number;
  /** Of both kinds. */
  readonly output: string;
  readonly seconds: number;
}

export interface Checkout {
  readonly folder: string;
  /** Of `.env`, once it has been made. */
  setting(name: string): string;
  /** Runs a line of shell in the folder, with the variables of `.env` as an operator has them after sourcing it. */
  sh(line: string, environment?: Readonly<Record<string, string>>): Promise<Finished>;
  /** The same. @throws Error with its output when it fails. */
  must(line: string, environment?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Makes `.env` out of the example, with secrets of its own. */
  writeEnvironment(extra: Readonly<Record<string, string>>): void;
  /** Commits what was changed in the clone. */
  commit(message: string): Promise<string>;
  /** Ends the stack and removes the clone. */
  remove(): Promise<void>;
}

/** Clones what is committed. */
export async function cloneRepository(): Promise<Checkout> {
  const parent = mkdtempSync(join(tmpdir(), "rag-stack-"));
  const folder = join(parent, `rag-stack-test-${process.pid}`);
  await run(`git clone --quiet "${REPOSITORY}" "${folder}"`, parent, {});
  let variables: Record<string, string> = {};
  const checkout: Checkout = {
    folder,
    setting: (name) => variables[name] ?? "",
    sh: (line, environment = {}) => run(line, folder, { ...variables, ...environment }),
    async must(line, environment) {
      const finished = await checkout.sh(line, environment);
      if (finished.exitCode !== 0) throw new Error(`${line}: exit code ${finished.exitCode}\n${finished.output}`);
      return finished;
    },
    writeEnvironment(extra) {
      const text = readFileSync(join(folder, ".env.example"), "utf8").replaceAll(
        /^(\w+)=change-me$/gm,
        (_, name: string) => `${name}=${randomBytes(32).toString("hex")}`,
      );
      writeFileSync(join(folder, ".env"), text, { mode: 0o600 });
      appendFileSync(
        join(folder, ".env"),
        Object.entries({ RAG_IMAGE: IMAGE, ...extra })
          .map(([name, value]) => `${name}=${value}\n`)
          .join(""),
      );
      const lines = readFileSync(join(folder, ".env"), "utf8").matchAll(/^(\w+)=(.*)$/gm);
      variables = Object.fromEntries(Array.from(lines, ([, name = "", value = ""]) => [name, value]));
    },
    async commit(message) {
      await checkout.must(`git -c user.name=operator -c user.email=operator@example.org commit --quiet --all --message "${message}"`);
      return (await checkout.must("git rev-parse --short HEAD")).output.trim();
    },
    async remove() {
      await checkout.sh(`docker compose -f ${FILE} --profile '*' down --volumes --remove-orphans --timeout 5`);
      // What containers wrote belongs to their users.
      await checkout.sh(`docker run --rm --network none --user 0:0 --volume "${parent}:/folder" ${IMAGE}:current sh -c 'rm -rf /folder/*'`);
      await run(
        `docker images --format '{{.Repository}}:{{.Tag}}' | grep '^${IMAGE}' | xargs -r docker rmi --force; rm -rf "${parent}"`,
        tmpdir(),
        {},
      );
    },
  };
  return checkout;
}

function run(line: string, cwd: string, environment: Readonly<Record<string, string>>): Promise<Finished> {
  const startedAt = performance.now();
  const { promise, resolve: end, reject } = Promise.withResolvers<Finished>();
  const child = spawn("bash", ["-c", line], { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output += data.toString();
    });
  }
  child.once("error", reject);
  child.once("close", (code) => end({ exitCode: code ?? -1, output, seconds: (performance.now() - startedAt) / 1_000 }));
  return promise;
}
