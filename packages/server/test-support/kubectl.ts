/** What the real `kubectl kustomize` makes of a folder of deploy/k8s. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import * as z from "zod";
import { findUnpackedProgram } from "./unpacked-program.ts";

/** Of Kubernetes 1: those before have a Kustomize 2, which has other words for the same. */
const FIRST_MINOR_OF_KUSTOMIZE_4 = 21;

const kustomization = z.looseObject({ resources: z.array(z.string()), patches: z.array(z.strictObject({ path: z.string() })).default([]) });

/**
 * @param root the folder in which everything lies that is read.
 * @param folder below it, such as `overlays/example`.
 * @returns the manifests, as they are printed.
 * @throws with instructions when there is no kubectl and none can be had; with its message when it refuses the folder.
 */
export function runKustomize(root: string, folder: string): readonly unknown[] {
  const kubectl = findUnpackedProgram("kubectl", { folder: "kubectl", packages: ["kubernetes-client"], installation: "brew install kubernetes-cli" });
  const run = (...args: string[]): string => execFileSync(kubectl, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const made = isOld(run("version", "--client"))
    ? inOldWords(root, [folder, ...basesOf(root, folder)], (copy) => run("kustomize", join(copy, folder)))
    : run("kustomize", join(root, folder));
  return parseAllDocuments(made).map((document) => document.toJS());
}

function isOld(version: string): boolean {
  const minor = /v1\.(\d+)/.exec(version)?.[1];
  if (minor === undefined) throw new Error(`kubectl does not say which version it is: ${version}`);
  return Number(minor) < FIRST_MINOR_OF_KUSTOMIZE_4;
}

function basesOf(root: string, folder: string): readonly string[] {
  const { resources } = kustomization.parse(parse(readFileSync(join(root, folder, "kustomization.yaml"), "utf8")));
  const bases = resources.map((path) => join(root, folder, path)).filter((path) => statSync(path).isDirectory());
  return bases.flatMap((path) => [relative(root, path), ...basesOf(root, relative(root, path))]);
}

/** Debian 12 has 1.20: to that, folders among the resources are `bases`, and patches by their path alone `patchesStrategicMerge`. */
function inOldWords(root: string, folders: readonly string[], run: (copy: string) => string): string {
  const copy = mkdtempSync(join(tmpdir(), "rag-kustomize-"));
  try {
    cpSync(root, copy, { recursive: true });
    for (const folder of folders) {
      const file = join(copy, folder, "kustomization.yaml");
      const { resources, patches, ...others } = kustomization.parse(parse(readFileSync(file, "utf8")));
      const isFolder = (path: string): boolean => statSync(join(copy, folder, path)).isDirectory();
      const bases = resources.filter(isFolder);
      const old = {
        ...others,
        bases,
        resources: resources.filter((path) => !isFolder(path)),
        patchesStrategicMerge: patches.map(({ path }) => path),
      };
      writeFileSync(file, stringify(old));
    }
    return run(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
