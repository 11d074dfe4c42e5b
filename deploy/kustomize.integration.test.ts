/** deploy/k8s as kubectl reads it, which our own reader of it has to agree with: its other tests hold for what that makes. */
import { join } from "node:path";
import { expect, it } from "vitest";
import * as z from "zod";
import { runKustomize } from "../packages/server/test-support/kubectl.ts";
import { resolveKustomization } from "../packages/server/test-support/kustomization.ts";

const ROOT = join(import.meta.dirname, "k8s");

const metadata = z.looseObject({ name: z.string(), labels: z.unknown().optional(), annotations: z.unknown().optional() });
const manifest = z.looseObject({ kind: z.string(), metadata });

/** Without what differs between versions and means nothing: the hash in a generated name, empty maps of labels, the order. */
function comparable(all: readonly unknown[]): readonly unknown[] {
  const text = JSON.stringify(all).replaceAll(/"rag-settings-[a-z0-9]{10}"/g, '"rag-settings"');
  const named = z
    .array(manifest)
    .parse(JSON.parse(text))
    .map((each) => {
      const isEmpty = ([key, value]: readonly [string, unknown]): boolean => /^(labels|annotations)$/.test(key) && JSON.stringify(value) === "{}";
      return { ...each, metadata: metadata.parse(Object.fromEntries(Object.entries(each.metadata).filter((entry) => !isEmpty(entry)))) };
    });
  return named.toSorted((one, other) => `${one.kind} ${one.metadata.name}`.localeCompare(`${other.kind} ${other.metadata.name}`));
}

it.each(["base", "overlays/example"])("deploy/k8s/%s is what kubectl makes of it", (folder) => {
  const theirs = comparable(runKustomize(ROOT, folder));
  expect(theirs.length).toBeGreaterThan(9);
  expect(comparable(resolveKustomization(join(ROOT, folder)))).toEqual(theirs);
});
