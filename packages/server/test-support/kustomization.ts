/**
 * What `kubectl kustomize` makes of a folder, for the few of its features that deploy/k8s uses; any other is an error. Names of generated
 * ConfigMaps carry no hash.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import * as z from "zod";

export type Manifest = Record<string, unknown> & { readonly kind: string; readonly metadata: { readonly name: string } };

const generator = z.strictObject({ name: z.string(), behavior: z.enum(["create", "merge"]).default("create"), literals: z.array(z.string()) });

const kustomization = z.strictObject({
  apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
  kind: z.literal("Kustomization"),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  configMapGenerator: z.array(generator).default([]),
  patches: z.array(z.strictObject({ path: z.string() })).default([]),
});

const manifest = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

export function resolveKustomization(folder: string): Manifest[] {
  const file = join(folder, "kustomization.yaml");
  const { namespace, resources, images, configMapGenerator, patches } = kustomization.parse(parse(readFileSync(file, "utf8")));
  const found: Manifest[] = resources.flatMap((path) => {
    const target = resolve(dirname(file), path);
    return statSync(target).isDirectory() ? resolveKustomization(target) : readManifests(target);
  });
  for (const { name, behavior, literals } of configMapGenerator) {
    const data = Object.fromEntries(literals.map((literal) => [literal.slice(0, literal.indexOf("=")), literal.slice(literal.indexOf("=") + 1)]));
    const made: Manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
    if (behavior === "create") found.push(made);
    else replace(found, made, (known) => merge(known, made));
  }
  for (const { path } of patches) {
    for (const patch of readManifests(join(folder, path))) replace(found, patch, (known) => merge(known, patch));
  }
  return found.map((each) => withNamespace(withImages(each, images), namespace));
}

function readManifests(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join("; ")}`);
    return manifest.parse(document.toJS());
  });
}

function replace(all: Manifest[], { kind, metadata }: Manifest, change: (known: Manifest) => unknown): void {
  const at = all.findIndex((each) => each.kind === kind && each.metadata.name === metadata.name);
  const known = all[at];
  if (known === undefined) throw new Error(`there is no ${kind} ${metadata.name} to be changed`);
  all[at] = manifest.parse(change(known));
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Maps are merged and lists replaced, as Kubernetes does with the lists that are patched here. */
function merge(known: unknown, patch: unknown): unknown {
  if (!isMap(known) || !isMap(patch)) return patch;
  return { ...known, ...Object.fromEntries(Object.entries(patch).map(([key, value]) => [key, merge(known[key], value)])) };
}

function withNamespace(each: Manifest, namespace: string | undefined): Manifest {
  return namespace === undefined ? each : manifest.parse({ ...each, metadata: { ...each.metadata, namespace } });
}

function withImages(each: Manifest, images: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[]): Manifest {
  const rename = (key: string, value: unknown): unknown => {
    const image = key === "image" ? images.find(({ name }) => name === value) : undefined;
    return image === undefined ? value : `${image.newName}:${image.newTag}`;
  };
  return manifest.parse(JSON.parse(JSON.stringify(each, rename)));
}
