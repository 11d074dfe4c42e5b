/** Every shell script of the repository, as shellcheck and Compose see it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const UNPACKED = join(ROOT, ".toolchain/shellcheck");

/** @throws with instructions when it is not installed and cannot be had. */
function findShellcheck(): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", join(UNPACKED, "usr/bin")];
  const find = (): string | undefined => folders.map((folder) => join(folder, "shellcheck")).find((path) => existsSync(path));
  if (find() === undefined && existsSync("/usr/bin/apt-get")) {
    mkdirSync(dirname(UNPACKED), { recursive: true });
    const folder = mkdtempSync(`${UNPACKED}-`);
    const run = (program: string, ...args: string[]): Buffer => execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    run("apt-get", "download", "shellcheck");
    for (const file of readdirSync(folder)) run("dpkg-deb", "--extract", file, ".");
    try {
      renameSync(folder, UNPACKED);
    } catch {
      rmSync(folder, { recursive: true });
    }
  }
  const found = find();
  if (found === undefined) throw new Error("This test needs shellcheck. Install it (Debian: apt-get install shellcheck) and put it on the PATH.");
  return found;
}

const isShell = (path: string): boolean => statSync(path).isFile() && /^#!(\/bin\/(ba)?sh|\/usr\/bin\/env bash)/.test(readFileSync(path, "utf8"));
const scripts = ["scripts", "deploy/postgres", "deploy/postgres/initdb.d", "examples"]
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name)))
  .filter((path) => isShell(join(ROOT, path)));

describe("the shell scripts", () => {
  it("are all found", () => {
    for (const name of ["deploy.sh", "backup.sh", "restore.sh", "create-admin", "clear-cache"]) expect(scripts).toContain(join("scripts", name));
  });

  it("have nothing that shellcheck minds", () => {
    const { status, stdout } = spawnSync(findShellcheck(), scripts, { cwd: ROOT, encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  it("of the runbook can be executed, say how they are used, and refuse what they do not know", () => {
    for (const name of ["deploy.sh", "backup.sh", "restore.sh"]) {
      const path = join(ROOT, "scripts", name);
      expect(statSync(path).mode & 0o111, name).not.toBe(0);
      const help = spawnSync(path, ["--help"], { encoding: "utf8" });
      expect(help.status, name).toBe(0);
      expect(help.stdout, name).toContain(`./scripts/${name}`);
      expect(spawnSync(path, ["--no-such-option"], { encoding: "utf8" }).status, name).toBe(2);
    }
  });
});

describe("the compose file", () => {
  it("is understood by Compose, where that is installed; its contents are tested without", () => {
    const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
    if (!hasCompose) return;
    const { status, stderr } = spawnSync("docker", ["compose", "-f", "docker-compose.prod.yml", "--profile", "*", "config", "--quiet"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});
