/** deploy/k8s against the schemas of Kubernetes, the settings of the program, and what is promised of its security. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readConfig, SETTINGS } from "../src/config.ts";
import { CACHE } from "./cache-folder.ts";
import { type Manifest, resolveKustomization } from "./kustomization.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const EXAMPLE = join(ROOT, "deploy/k8s/overlays/example");

/** By kind: what validates it, and where its type is. */
const KINDS: Readonly<Record<string, readonly [new (data: never) => { validate(): void }, string]>> = {
  ConfigMap: [ConfigMap, "v1/ConfigMap"],
  Deployment: [Deployment, "apps/v1/Deployment"],
  HorizontalPodAutoscaler: [HorizontalPodAutoscaler, "autoscaling/v2/HorizontalPodAutoscaler"],
  Ingress: [Ingress, "networking.k8s.io/v1/Ingress"],
  NetworkPolicy: [NetworkPolicy, "networking.k8s.io/v1/NetworkPolicy"],
  PersistentVolumeClaim: [PersistentVolumeClaim, "v1/PersistentVolumeClaim"],
  PodDisruptionBudget: [PodDisruptionBudget, "policy/v1/PodDisruptionBudget"],
  Service: [Service, "v1/Service"],
  ServiceAccount: [ServiceAccount, "v1/ServiceAccount"],
};

const manifests = resolveKustomization(EXAMPLE);

const labels = z.record(z.string(), z.string());
const probe = z.object({ httpGet: z.object({ path: z.string() }) });
const container = z.object({
  image: z.string(),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })),
  env: z.array(z.object({ name: z.string(), valueFrom: z.object({ secretKeyRef: z.object({ name: z.literal("rag-secrets"), key: z.string() }) }) })),
  securityContext: z.unknown(),
  startupProbe: probe.optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  volumeMounts: z.array(z.object({ mountPath: z.string() })),
});
const deployment = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        securityContext: z.unknown(),
        automountServiceAccountToken: z.boolean(),
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([container]),
      }),
    }),
  }),
});

function find(kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
const podOf = (name: string) => deployment.parse(find("Deployment", name)).spec.template;
const settings = z.object({ data: labels }).parse(find("ConfigMap", "rag-settings")).data;

/** What a manifest's type says that is wrong with it, by the compiler: a misspelt field is none of that type. */
function typeErrors(all: readonly Manifest[]): string {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "manifests-"));
  try {
    const lines = all.map((each, at) => {
      const type = `I${each.kind}`;
      return `import type { ${type} as T${at} } from "kubernetes-models/${KINDS[each.kind]?.[1]}";\nexport const m${at}: T${at} = ${JSON.stringify(each)};`;
    });
    writeFileSync(join(folder, "all.ts"), lines.join("\n"));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--ignoreConfig", "all.ts"];
    return spawnSync(join(ROOT, "node_modules/.bin/tsc"), options, { cwd: folder, encoding: "utf8" }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("deploy/k8s", () => {
  it.each(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))("holds to the schema of Kubernetes: %s", (_, each) => {
    const [Kind] = KINDS[each.kind] ?? [];
    if (Kind === undefined) throw new Error(`no schema is named for ${each.kind}`);
    expect(() => new Kind(each as never).validate()).not.toThrow();
  });

  it("has no field that Kubernetes does not know", () => {
    expect(typeErrors(manifests)).toBe("");
    const misspelt = { ...find("PersistentVolumeClaim", "rag-documents"), spec: { accessMode: ["ReadOnlyMany"] } };
    expect(typeErrors([misspelt])).toContain("accessMode");
  });

  it("gives the program settings that it accepts in production, and secrets by reference alone", () => {
    const example = readFileSync(join(EXAMPLE, "secrets.env.example"), "utf8");
    const secrets = Object.fromEntries([...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
    for (const name of ["rag-api", "rag-worker"]) {
      const [{ env }] = podOf(name).spec.containers;
      for (const { name: variable } of env) expect(Object.keys(SETTINGS)).toContain(variable);
    }
    for (const name of [...Object.keys(settings), ...Object.keys(secrets)]) expect(Object.keys(SETTINGS)).toContain(name);
    for (const [name, value] of Object.entries(settings)) if (Object.hasOwn(SETTINGS, name)) expect(value).not.toMatch(/password|secret/i);
    // As they are in the example, they stop the start.
    expect(() => readConfig({ ...settings, ...secrets })).toThrow(/API_KEY/);
    const filled = Object.fromEntries(
      ["API_KEY", "SECRET_KEY", "ADMIN_PASSWORD"].map((name, at) => [name, `${at}f7c1b9e4d2a86053${at}c4e8b1d7a2905e3f61${at}`]),
    );
    expect(readConfig({ ...settings, ...secrets, ...filled })).toMatchObject({ NODE_ENV: "production", DATA_DIR: "/data", DOCS_DIR: "/documents" });
  });

  it.each(["rag-api", "rag-worker"])("confines %s: no root, no writing but where it is mounted, no privilege, no token", (name) => {
    const { spec } = podOf(name);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("asks the API where it says how it is, and waits for its stop longer than that takes", () => {
    const { spec } = podOf("rag-api");
    const [{ startupProbe, readinessProbe, livenessProbe }] = spec.containers;
    expect([startupProbe, readinessProbe, livenessProbe].map((each) => each?.httpGet.path)).toEqual([
      "/health/ready",
      "/health/ready",
      "/health/live",
    ]);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(settings["SHUTDOWN_TIMEOUT_MS"]) / 1_000 + 20);
  });

  it("selects pods that there are", () => {
    const pods = ["rag-api", "rag-worker"].map((name) => podOf(name).metadata.labels);
    const selector = z.object({
      spec: z.object({
        selector: z.union([z.object({ matchLabels: labels }), labels]).optional(),
        podSelector: z.object({ matchLabels: labels }).optional(),
      }),
    });
    let selectors = 0;
    for (const each of manifests) {
      const { selector: selected, podSelector } = selector.safeParse(each).data?.spec ?? {};
      const wanted =
        podSelector?.matchLabels ?? z.object({ matchLabels: labels }).safeParse(selected).data?.matchLabels ?? labels.safeParse(selected).data;
      if (wanted === undefined) continue;
      selectors += 1;
      expect(
        pods.some((pod) => Object.entries(wanted).every(([name, value]) => pod[name] === value)),
        `${each.kind} ${each.metadata.name}`,
      ).toBe(true);
    }
    expect(selectors).toBeGreaterThan(7);
  });
});
